import Foundation

/// One request of a recorded transcript with its response.
///
/// `>>> METHOD path` starts a request; lines beginning with `###` say what was done before it.
struct RecordedExchange {
    var notes: [String]
    var method: String
    var target: String
    var requestHeaders: [String: String]
    var status: Int
    var headers: [String: String]
    var body: String

    /// SQL that ran while the request was held.
    var sqlDuringPoll: String? {
        notes.compactMap { note in
            note.range(of: "SQL run during the long-poll: ").map { String(note[$0.upperBound...]) }
        }.last
    }

    static func read(_ path: String) throws -> [RecordedExchange] {
        var exchanges: [RecordedExchange] = []
        var notes: [String] = []
        for block in try String(contentsOfFile: path, encoding: .utf8).components(separatedBy: "\n") {
            if block.hasPrefix("### ") {
                notes.append(String(block.dropFirst(4)))
            } else if block.hasPrefix(">>> ") {
                let words = block.split(separator: " ")
                exchanges.append(
                    RecordedExchange(
                        notes: notes, method: String(words[1]), target: String(words[2]),
                        requestHeaders: requestHeaders(block), status: 0, headers: [:], body: ""))
                notes = []
            } else if !exchanges.isEmpty {
                exchanges[exchanges.count - 1].add(block)
            }
        }
        return exchanges
    }

    /// `-H Name: value` after the target, as the recording names it.
    private static func requestHeaders(_ line: String) -> [String: String] {
        guard let start = line.range(of: " -H "), let colon = line[start.upperBound...].firstIndex(of: ":") else {
            return [:]
        }
        let name = String(line[start.upperBound..<colon])
        return [name: line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)]
    }

    private mutating func add(_ line: String) {
        if line.hasPrefix("HTTP/1.1 ") {
            status = Int(line.split(separator: " ")[1]) ?? 0
        } else if headers["\u{0}end"] == nil, let colon = line.firstIndex(of: ":"),
            !line.hasPrefix("{"), !line.hasPrefix("[")
        {
            headers[String(line[..<colon])] = String(line[line.index(after: colon)...].drop(while: { $0 == " " }))
        } else if line.isEmpty && status != 0 && headers["\u{0}end"] == nil {
            headers["\u{0}end"] = ""
        } else {
            body += line
        }
    }
}

/// Gives what differs from recording to recording the same names: handles, transactions, xids, cursors.
struct Normaliser {
    private var handles: [String: String] = [:]
    private var transactions: [String: String] = [:]

    mutating func normalised(_ text: String) -> String {
        var text = text
        text = replace(text, #"\d+-\d{16}"#) { handle in
            handles[handle] = handles[handle] ?? "H\(handles.count + 1)"
            return handles[handle] ?? ""
        }
        text = replace(text, #""global_last_seen_lsn":"\d+""#) { _ in #""global_last_seen_lsn":"LSN""# }
        text = replace(text, #""(xmin|xmax)":"\d+""#) { $0.contains("xmin") ? #""xmin":"X""# : #""xmax":"X""# }
        // Other databases of the cluster have transactions, too.
        text = replace(text, #""xip_list":\[[^\]]*\]"#) { _ in #""xip_list":[]"# }
        text = replace(text, #""txids":\[\d+\]"#) { _ in #""txids":[0]"# }
        text = replace(text, #"(?<![0-9])[1-9][0-9]{7,}(?![0-9])"#) { tx in
            transactions[tx] = transactions[tx] ?? "T\(transactions.count + 1)"
            return transactions[tx] ?? ""
        }
        return text
    }

    private func replace(_ text: String, _ pattern: String, _ with: (String) -> String) -> String {
        var result = ""
        var rest = text[...]
        while let range = rest.range(of: pattern, options: .regularExpression) {
            result += rest[..<range.lowerBound]
            result += with(String(rest[range]))
            rest = rest[range.upperBound...]
        }
        return result + rest
    }
}
