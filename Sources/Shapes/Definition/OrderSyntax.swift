import SyncModel

/// Reads and writes `order_by`: `column [ASC | DESC] [NULLS FIRST | NULLS LAST], …`, names as PostgreSQL folds
/// and quotes them.
enum OrderSyntax {
    static func parse(_ text: String) throws(ShapeError) -> [ShapeDefinition.Order] {
        guard text.utf8.count <= ShapeLimits.maxConditionLength else {
            throw .tooLong("an order", limit: ShapeLimits.maxConditionLength, field: "order_by")
        }
        var reader: Reader
        do throws(ShapeError) {
            reader = Reader(tokens: try Lexer.tokens(of: text))
        } catch {
            throw unreadable(text)
        }
        var order: [ShapeDefinition.Order] = []
        repeat {
            guard let key = reader.key() else { throw unreadable(text) }
            order.append(key)
        } while reader.take(.punctuation(","))
        guard reader.isAtEnd else { throw unreadable(text) }
        return order
    }

    private static func unreadable(_ text: String) -> ShapeError {
        ShapeError(
            .badDefinition,
            "`\(text)` is no order: write `column [ASC|DESC] [NULLS FIRST|NULLS LAST], …`, columns of the node's table only",
            field: "order_by")
    }

    /// With everything that is the default left out.
    static func text(of order: [ShapeDefinition.Order]) -> String {
        order.map { key in
            var text = SQLName.quotedIfNeeded(key.column.string)
            if key.isDescending { text += " DESC" }
            if key.nullsFirst != key.isDescending { text += key.nullsFirst ? " NULLS FIRST" : " NULLS LAST" }
            return text
        }.joined(separator: ", ")
    }

    private struct Reader {
        let tokens: [Token]
        var index = 0

        var isAtEnd: Bool { tokens[index].kind == .end }

        mutating func take(_ kind: Token.Kind) -> Bool {
            guard tokens[index].kind == kind, !isAtEnd else { return false }
            index += 1
            return true
        }

        mutating func key() -> ShapeDefinition.Order? {
            let column: String
            switch tokens[index].kind {
            case .word(let word): column = word
            case .quotedName(let name): column = name
            case .string, .number, .parameter, .symbol, .punctuation, .end: return nil
            }
            index += 1
            let isDescending = take(.word("desc"))
            if !isDescending { _ = take(.word("asc")) }
            var nullsFirst: Bool?
            if take(.word("nulls")) {
                if take(.word("first")) {
                    nullsFirst = true
                } else if take(.word("last")) {
                    nullsFirst = false
                } else {
                    return nil
                }
            }
            return ShapeDefinition.Order(Text(column), isDescending: isDescending, nullsFirst: nullsFirst)
        }
    }
}

/// Names as PostgreSQL writes them.
enum SQLName {
    static func quoted(_ name: String) -> String {
        "\"" + name.unicodeScalars.map { $0 == "\"" ? "\"\"" : String($0) }.joined() + "\""
    }

    /// Left bare when folding gives it back. Words of the grammar are quoted.
    static func quotedIfNeeded(_ name: String) -> String {
        let isPlain =
            name.utf8.first.map { (97...122).contains($0) || $0 == UInt8(ascii: "_") } == true
            && name.utf8.allSatisfy {
                (97...122).contains($0) || (48...57).contains($0) || $0 == UInt8(ascii: "_")
            }
        let isWord =
            ["asc", "desc", "nulls", "first", "last"].contains(name) || Keywords.reserved.contains(name)
            || Keywords.valueFunctions.contains(name)
        return isPlain && !isWord ? name : quoted(name)
    }
}
