/// Why a file cannot be imported, or rows cannot be exported: where, and what to do about it.
package struct PipelineFileError: Error, Hashable, Sendable {
    /// From 1. nil where no line is at fault.
    package let line: Int?
    /// A sentence without a full stop.
    package let reason: String

    package init(line: Int? = nil, _ reason: String) {
        self.line = line
        self.reason = reason
    }
}

/// A file that was reported instead of imported: `FILE:LINE: reason`.
package struct FileProblem: Hashable, Sendable, CustomStringConvertible {
    package let file: String
    package let line: Int
    package let reason: String

    package init(file: String, _ error: PipelineFileError) {
        self.file = file
        line = error.line ?? 1
        reason = error.reason
    }

    package var description: String { "\(file):\(line): \(reason)" }
}
