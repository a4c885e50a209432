import SyncModel

enum Comparison: String, Hashable, Sendable {
    case equal = "="
    case notEqual = "<>"
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
}

enum BooleanTest: String, Hashable, Sendable {
    case isTrue = "IS TRUE"
    case isNotTrue = "IS NOT TRUE"
    case isFalse = "IS FALSE"
    case isNotFalse = "IS NOT FALSE"
    case isUnknown = "IS UNKNOWN"
    case isNotUnknown = "IS NOT UNKNOWN"
}

/// A type as a condition names it.
struct TypeReference: Hashable, Sendable {
    /// Already the catalogue's name where SQL has its own (`integer` is `int4`).
    let name: String
    /// `numeric(5, 2)`
    var modifiers: [Int] = []
    var isArray = false
    let location: Int
}

/// A condition as written: no types yet. Locations are UTF-8 bytes from its start, at the token that
/// PostgreSQL's parser would name.
indirect enum Syntax: Hashable, Sendable {
    case column([String], at: Int)
    case string(Text, at: Int)
    /// With its sign.
    case number(String, at: Int)
    case boolean(Bool, at: Int)
    case null(at: Int)
    case parameter(Int, at: Int)
    case and([Syntax])
    case or([Syntax])
    case not(Syntax, at: Int)
    case compare(Comparison, Syntax, Syntax, at: Int)
    case distinct(Syntax, Syntax, isNegated: Bool, at: Int)
    /// Every other operator; LIKE is `~~`, as in the catalogue.
    case binary(String, Syntax, Syntax, at: Int)
    case prefix(String, Syntax, at: Int)
    case oneOf(Syntax, [Syntax], isNegated: Bool, at: Int)
    case between(Syntax, Syntax, Syntax, isNegated: Bool, isSymmetric: Bool, at: Int)
    case isNull(Syntax, isNegated: Bool, at: Int)
    case test(Syntax, BooleanTest, at: Int)
    case cast(Syntax, TypeReference, at: Int)
    case function([String], [Syntax], at: Int)
    case row([Syntax], at: Int)
    /// `CASE [operand] WHEN … THEN … [ELSE …] END`
    case choice(Syntax?, [Branch], Syntax?, at: Int)
    case array([Syntax], at: Int)
    case subscripts(Syntax, [Subscript], at: Int)
    /// `left operator ANY (array)`, or ALL.
    case quantified(String, Syntax, Syntax, isAll: Bool, at: Int)
    /// A row of one or more values, `IN` a sub-select.
    case inSelect([Syntax], SelectSyntax, isNegated: Bool, at: Int)
    case exists(SelectSyntax, at: Int)
}

struct Branch: Hashable, Sendable {
    let condition: Syntax
    let result: Syntax
}

enum Subscript: Hashable, Sendable {
    case index(Syntax)
    /// nil: the array's own bound.
    case slice(Syntax?, Syntax?)

    var parts: [Syntax] {
        switch self {
        case .index(let index): [index]
        case .slice(let lower, let upper): [lower, upper].compactMap { $0 }
        }
    }
}

/// `SELECT items FROM table [AS alias] [WHERE condition]`
struct SelectSyntax: Hashable, Sendable {
    /// Empty for `*`.
    let items: [Syntax]
    /// As written: `table`, or `schema` and `table`.
    let table: [String]
    let alias: String?
    let condition: Syntax?
    let location: Int
}
