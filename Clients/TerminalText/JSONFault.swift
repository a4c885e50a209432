/// Where a text stops being JSON, for the person who typed it: the fast reader does not tell.
package struct JSONFault: Hashable, Sendable {
    /// From 1; columns count characters.
    package let line: Int
    package let column: Int
    /// What is wrong there, as a clause.
    package let reason: String

    /// nil: the text is JSON, or nested deeper than anybody types.
    package init?(in text: String) {
        var scan = Scan(bytes: Array(text.utf8))
        do throws(Fault) {
            try scan.value(depth: 0)
            scan.skipSpace()
            guard scan.isAtEnd else { throw Fault("only white space can follow the value") }
            return nil
        } catch {
            guard let reason = error.reason else { return nil }
            // By bytes: CR and LF together are one character.
            let lines = scan.bytes[..<scan.index].split(separator: 0x0a, omittingEmptySubsequences: false)
            line = lines.count
            column = String(decoding: lines.last ?? [], as: UTF8.self).count + 1
            self.reason = reason
        }
    }

    private struct Fault: Error {
        /// nil: the scan gives up.
        let reason: String?

        init(_ reason: String?) { self.reason = reason }
    }

    /// Walks RFC 8259's grammar; `index` stands at the fault when it throws.
    private struct Scan {
        let bytes: [UInt8]
        var index = 0

        private static let maxDepth = 200

        init(bytes: [UInt8]) { self.bytes = bytes }

        var isAtEnd: Bool { index == bytes.count }
        private var next: UInt8? { index < bytes.count ? bytes[index] : nil }

        mutating func skipSpace() {
            while let byte = next, [0x20, 0x09, 0x0a, 0x0d].contains(byte) { index += 1 }
        }

        private mutating func take(_ character: Unicode.Scalar) -> Bool {
            guard next == UInt8(ascii: character) else { return false }
            index += 1
            return true
        }

        mutating func value(depth: Int) throws(Fault) {
            guard depth < Self.maxDepth else { throw Fault(nil) }
            skipSpace()
            switch next {
            case nil: throw Fault("the text ends where a value is wanted")
            case UInt8(ascii: "{"): try object(depth: depth)
            case UInt8(ascii: "["): try array(depth: depth)
            case UInt8(ascii: "\""): try string()
            case UInt8(ascii: "'"): throw Fault("strings are written in double quotes")
            case let byte? where byte == UInt8(ascii: "-") || (0x30...0x39).contains(byte): try number()
            case .some: try word()
            }
        }

        private mutating func object(depth: Int) throws(Fault) {
            index += 1
            skipSpace()
            if take("}") { return }
            while true {
                skipSpace()
                guard next == UInt8(ascii: "\"") else { throw Fault("a member's name in double quotes is wanted") }
                try string()
                skipSpace()
                guard take(":") else { throw Fault("a colon is wanted after the member's name") }
                try value(depth: depth + 1)
                skipSpace()
                if take("}") { return }
                guard take(",") else { throw Fault("a comma or } is wanted") }
            }
        }

        private mutating func array(depth: Int) throws(Fault) {
            index += 1
            skipSpace()
            if take("]") { return }
            while true {
                try value(depth: depth + 1)
                skipSpace()
                if take("]") { return }
                guard take(",") else { throw Fault("a comma or ] is wanted") }
            }
        }

        private mutating func string() throws(Fault) {
            let start = index
            index += 1
            while let byte = next {
                if take("\"") { return }
                guard byte >= 0x20 else { throw Fault("a control character in a string is written as an escape") }
                index += 1
                if byte == UInt8(ascii: "\\") { try escape() }
            }
            index = start
            throw Fault("the string that begins here is not closed")
        }

        private mutating func escape() throws(Fault) {
            if take("u") {
                for _ in 0..<4 {
                    guard let byte = next, Unicode.Scalar(byte).properties.isASCIIHexDigit else {
                        throw Fault("four hexadecimal digits are wanted after \\u")
                    }
                    index += 1
                }
            } else if let byte = next, Array("\"\\/bfnrt".utf8).contains(byte) {
                index += 1
            } else {
                throw Fault("an escape is one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u")
            }
        }

        private mutating func number() throws(Fault) {
            _ = take("-")
            if !take("0") { try digits() }
            if let byte = next, (0x30...0x39).contains(byte) { throw Fault("a number does not begin with 0") }
            if take(".") { try digits() }
            if take("e") || take("E") {
                if !take("+") { _ = take("-") }
                try digits()
            }
        }

        private mutating func digits() throws(Fault) {
            let start = index
            while let byte = next, (0x30...0x39).contains(byte) { index += 1 }
            if index == start { throw Fault("a digit is wanted") }
        }

        private mutating func word() throws(Fault) {
            for word in ["true", "false", "null"] where bytes[index...].starts(with: word.utf8) {
                index += word.utf8.count
                return
            }
            throw Fault(
                "a value is wanted: an object, an array, a string in double quotes, a number, true, false or null")
        }
    }
}
