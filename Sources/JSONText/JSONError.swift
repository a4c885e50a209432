/// Why a document was not read.
package struct JSONError: Error, Hashable, Sendable {
    package enum Code: String, Hashable, Sendable {
        /// No bytes, or only white space.
        case empty
        case syntax
        case invalidUTF8
        /// An unclosed string, a bare control character, a wrong escape, or a lone surrogate.
        case invalidString
        /// No JSON number, or one beyond the range of a double.
        case invalidNumber
        case tooDeep
        case tooLarge
        case outOfMemory
    }

    package let code: Code
    /// A sentence for people.
    package let message: String
    /// Bytes from the start, where known.
    package let offset: Int?

    package init(code: Code, message: String, offset: Int? = nil) {
        self.code = code
        self.message = message
        self.offset = offset
    }
}

extension JSONError: CustomStringConvertible {
    package var description: String { offset.map { "\(message) (at byte \($0))" } ?? message }
}

/// What a reader puts up with. Everything beyond is refused before it costs memory or stack.
package struct JSONLimits: Hashable, Sendable {
    /// Containers inside each other. At most 1000: the walk is recursive.
    package let maxDepth: Int
    /// Bytes of a document.
    package let maxBytes: Int

    package init(maxDepth: Int = 128, maxBytes: Int = 256 << 20) {
        self.maxDepth = min(maxDepth, 1000)
        // The tape addresses with 32 bits.
        self.maxBytes = min(maxBytes, 1 << 30)
    }

    package static let standard = JSONLimits()
}
