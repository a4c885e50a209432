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
    case like(Syntax, Syntax, ignoresCase: Bool, isNegated: Bool, at: Int)
    case oneOf(Syntax, [Syntax], isNegated: Bool, at: Int)
    case between(Syntax, Syntax, Syntax, isNegated: Bool, isSymmetric: Bool, at: Int)
    case isNull(Syntax, isNegated: Bool, at: Int)
    case test(Syntax, BooleanTest, at: Int)
    case negate(Syntax, at: Int)
    case cast(Syntax, TypeReference, at: Int)
    case function([String], [Syntax], at: Int)
    case row([Syntax], at: Int)
    /// A row of one or more values, `IN` a sub-select.
    case inSelect([Syntax], SelectSyntax, isNegated: Bool, at: Int)
    case exists(SelectSyntax, at: Int)
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
