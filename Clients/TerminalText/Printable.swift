package enum Printable {
    /// One line that a terminal shows as it is: control characters of values must not move its cursor.
    package static func line(_ text: String) -> String {
        if text.utf8.allSatisfy({ (0x20..<0x7f).contains($0) }) { return text }
        var output = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.value {
            case 0x0a: output.append("⏎")
            case 0x09: output.append(" ")
            case 0..<0x20, 0x7f..<0xa0, 0x200e, 0x200f, 0x202a...0x202e, 0x2066...0x2069: output.append("�")
            default: output.append(scalar)
            }
        }
        return String(output)
    }

    /// As `line`, of as much as may be seen in `width` columns: a value may be of megabytes.
    package static func line(_ text: String, width: Int) -> String {
        let reach = scalars(width)
        guard
            let end = text.unicodeScalars.index(
                text.startIndex, offsetBy: reach, limitedBy: text.endIndex), end < text.endIndex
        else { return line(text) }
        return line(String(text.unicodeScalars[..<end])) + "…"
    }

    /// Columns of a terminal. More than `limit` are not counted.
    package static func width(_ text: String, limit: Int = .max) -> Int {
        if text.utf8.count <= limit, text.utf8.allSatisfy({ $0 < 0x80 && $0 != 0x0d }) { return text.utf8.count }
        var width = 0
        for character in text {
            width += self.width(character)
            if width > limit { break }
        }
        return width
    }

    package static func fitted(_ text: String, width: Int) -> String {
        guard self.width(text, limit: width) > width else { return text }
        return prefix(text, width: width - 1) + "…"
    }

    /// As `fitted`, but what is left out is in the middle: the end may tell more than that.
    package static func cut(_ text: String, width: Int) -> String {
        guard width > 2, self.width(text, limit: width) > width else { return fitted(text, width: width) }
        let tail = (width - 1) / 2
        let end = String(prefix(String(text.reversed()), width: tail).reversed())
        return prefix(text, width: width - 1 - tail) + "…" + end
    }

    package static func padded(_ text: String, width: Int) -> String {
        let taken = self.width(text, limit: width)
        return taken < width ? text + String(repeating: " ", count: width - taken) : text
    }

    /// `1 row`, `2 rows`.
    package static func count(_ count: Int64, _ noun: String) -> String {
        "\(count) \(noun)\(count == 1 ? "" : "s")"
    }

    private static func prefix(_ text: String, width: Int) -> String {
        var output = ""
        var left = width
        for character in text {
            left -= self.width(character)
            guard left >= 0 else { break }
            output.append(character)
        }
        return output
    }

    /// One character of a terminal may be of several.
    private static func scalars(_ width: Int) -> Int { 8 * width + 64 }

    /// What is wide in East Asian scripts, and an emoji, takes two columns; a mark without a letter none.
    private static func width(_ character: Character) -> Int {
        guard let first = character.unicodeScalars.first, !first.isASCII else { return 1 }
        let properties = first.properties
        if properties.isEmojiPresentation || isWide(first) || character.unicodeScalars.contains("\u{fe0f}") { return 2 }
        switch properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        // All others, of which there are many.
        default: return 1
        }
    }

    /// Unicode's property East_Asian_Width, values W and F, by blocks.
    private static func isWide(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x1100...0x115f, 0x2e80...0x303e, 0x3041...0x33ff, 0x3400...0x4dbf, 0x4e00...0xa4cf, 0xa960...0xa97f,
            0xac00...0xd7a3, 0xf900...0xfaff, 0xfe30...0xfe6f, 0xff01...0xff60, 0xffe0...0xffe6, 0x1b000...0x1b2ff,
            0x1f200...0x1f2ff, 0x20000...0x3fffd:
            true
        default: false
        }
    }
}
