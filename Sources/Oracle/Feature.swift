import Shapes

/// One thing the language can do, for one list of types: a row of the coverage matrix.
struct Feature: Hashable {
    enum Form: Hashable { case infix, prefix, call, extract, template }

    let name: String
    let form: Form
    let arguments: [String]
    let result: String
    var isVariadic = false
    /// SQL with `$1` … for the arguments.
    var templates: [String] = []

    /// `+ (int4, int8)`
    var label: String { "\(name) (\(arguments.joined(separator: ", ")))" }

    static let all: [Feature] = functions + comparisons + forms + casts + arrays + times

    static let byResult: [String: [Feature]] = Dictionary(grouping: all.filter { $0.name != "repeat" }, by: \.result)

    private static let functions: [Feature] = Language.functions.map { signature in
        let form: Form =
            switch signature.form {
            case .infix: .infix
            case .prefix: .prefix
            case .call: .call
            case .extract: .extract
            }
        return Feature(
            name: signature.name, form: form, arguments: signature.arguments, result: signature.result,
            isVariadic: signature.isVariadic)
    }

    static let symbols = ["=", "<>", "<", "<=", ">", ">="]

    private static let ordered: [String] = OracleTable.kinds.map(\.type).filter { $0 != "json" }

    private static let comparisons: [Feature] =
        (Language.comparisons.filter { $0.left != $0.right } + ordered.map { ($0, $0) }).flatMap { left, right in
            symbols.map { Feature(name: $0, form: .infix, arguments: [left, right], result: "bool") }
        }

    private static func form(
        _ name: String, _ arguments: [String], _ result: String, _ templates: String...
    ) -> Feature {
        Feature(name: name, form: .template, arguments: arguments, result: result, templates: templates)
    }

    private static let logic: [Feature] =
        [
            form("AND", ["bool", "bool", "bool"], "bool", "($1 AND $2)", "($1 AND $2 AND $3)"),
            form("OR", ["bool", "bool", "bool"], "bool", "($1 OR $2)", "($1 OR $2 AND $3)"),
            form("NOT", ["bool"], "bool", "(NOT $1)"),
        ]
        + ["TRUE", "NOT TRUE", "FALSE", "NOT FALSE", "UNKNOWN", "NOT UNKNOWN"].map {
            form("IS \($0)", ["bool"], "bool", "($1 IS \($0))")
        }

    private static let forms: [Feature] =
        logic + OracleTable.kinds.flatMap { kind in anyType(kind.type) }
        + ordered.flatMap { orderedType($0) }
        + [
            form("row comparison", ["int4", "text", "int4", "text"], "bool")
                .with(symbols.map { "(($1, $2) \($0) ($3, $4))" }),
            form(
                "row IN", ["int4", "text", "int4", "text"], "bool", "(($1, $2) IN (($3, $4), (1, 'a')))",
                "(($1, $2) NOT IN (($3, $4), (int4_b, text_a)))"),
            form("row IS NULL", ["int4", "text"], "bool", "(($1, $2) IS NULL)", "(($1, $2) IS NOT NULL)"),
            form(
                "row IS DISTINCT FROM", ["int4", "date", "int8", "timestamp"], "bool",
                "(($1, $2) IS DISTINCT FROM ($3, $4))", "(($1, $2) IS NOT DISTINCT FROM ($3, $4))"),
            form(
                "LIKE ESCAPE", ["text", "text"], "bool", "($1 LIKE $2 ESCAPE '!')", "($1 NOT LIKE $2 ESCAPE '')",
                "($1 ILIKE 'a!%%' ESCAPE '!')"),
            form("LIKE", ["text", "text"], "bool", "($1 LIKE $2)", "($1 NOT LIKE 'a%')", "($1 ILIKE '_B%')"),
            form(
                "LIKE ANY", ["text", "text[]"], "bool", "($1 LIKE ANY ($2))", "($1 NOT ILIKE ALL ($2))",
                "($1 ~ ANY ('{a,b$}'))"),
            form(
                "substring", ["text", "int4", "int4"], "text", "substring($1 FROM $2)", "substring($1 FROM 2 FOR 1)",
                "substring($1 FOR 2)"),
            form(
                "trim", ["text", "text"], "text", "trim($1)", "trim(BOTH $2 FROM $1)", "trim(LEADING 'a' FROM $1)",
                "trim(TRAILING FROM $1)", "trim($1, $2)"),
            form("position", ["text", "text"], "int4", "position($1 IN $2)"),
            form("position", ["bytea", "bytea"], "int4", "position($1 IN $2)"),
            form(
                "||", ["text", "int4", "bool"], "text", "($1 || $2)", "($3 || $1)", "($1 || $3 || $2)", "($2 || 'x')"),
            form("varchar(n)", ["text"], "varchar", "$1::varchar(2)"),
            form("char(n)", ["text"], "bpchar", "$1::char(3)", "$1::bpchar(1)"),
            form("numeric(p, s)", ["numeric"], "numeric", "$1::numeric(5, 2)", "$1::numeric(3)", "$1::decimal(10, 0)"),
            form("timestamp(p)", ["timestamp"], "timestamp", "$1::timestamp(0)", "$1::timestamp(3)"),
            form(
                "CASE value", ["int4", "int4", "text"], "text", "(CASE $1 WHEN 1 THEN 'one' WHEN $2 THEN $3 END)",
                "(CASE $1 WHEN 0 THEN $3 ELSE 'other' END)"),
            form("CASE types", ["bool", "int4", "numeric"], "numeric", "(CASE WHEN $1 THEN $2 ELSE $3 END)"),
            form("NULLIF types", ["int4", "numeric"], "numeric", "NULLIF($1, $2)"),
            form("division guarded", ["int4"], "int4", "(CASE WHEN $1 <> 0 THEN 10 / $1 ELSE 0 END)"),
            form("AND guarded", ["int4"], "bool", "($1 <> 0 AND 10 / $1 > 1)", "($1 = 0 OR 10 / $1 > 1)"),
        ]

    private func with(_ templates: [String]) -> Feature {
        var feature = self
        feature.templates = templates
        return feature
    }

    private static func anyType(_ type: String) -> [Feature] {
        [
            form("IS NULL", [type], "bool", "($1 IS NULL)", "($1 IS NOT NULL)", "($1 NOTNULL)", "($1 ISNULL)"),
            form("COALESCE", [type, type], type, "COALESCE($1, $2)", "COALESCE($1, $2, NULL)"),
            form(
                "CASE", ["bool", type, type], type, "(CASE WHEN $1 THEN $2 ELSE $3 END)",
                "(CASE WHEN $1 THEN $2 WHEN NOT $1 THEN $3 END)"),
        ]
    }

    private static func orderedType(_ type: String) -> [Feature] {
        var features = [
            form("IS DISTINCT FROM", [type, type], "bool", "($1 IS DISTINCT FROM $2)", "($1 IS NOT DISTINCT FROM $2)"),
            form(
                "BETWEEN", [type, type, type], "bool", "($1 BETWEEN $2 AND $3)", "($1 NOT BETWEEN $2 AND $3)",
                "($1 BETWEEN SYMMETRIC $2 AND $3)", "($1 NOT BETWEEN SYMMETRIC $2 AND $3)"),
            form(
                "IN", [type, type, type, type], "bool", "($1 IN ($2, $3))", "($1 NOT IN ($2, $3, $4))",
                "($1 IN ($2))"),
            form("NULLIF", [type, type], type, "NULLIF($1, $2)"),
            form("GREATEST", [type, type, type], type, "GREATEST($1, $2)", "GREATEST($1, $2, $3)"),
            form("LEAST", [type, type], type, "LEAST($1, $2)"),
        ]
        if !type.hasSuffix("[]") {
            features.append(
                form(
                    "ANY", [type, type, type], "bool", "($1 = ANY (ARRAY[$2, $3]))", "($1 <> ALL (ARRAY[$2, $3]))",
                    "($1 < ANY (ARRAY[$2]))", "($1 >= ALL (ARRAY[$2, $3]))"))
        }
        return features
    }

    private static let castable = [
        "bool", "int2", "int4", "int8", "float4", "float8", "numeric", "text", "varchar", "bpchar", "uuid", "bytea",
        "date", "time", "timestamp", "timestamptz", "interval", "json", "jsonb",
    ]

    private static let casts: [Feature] =
        castable.flatMap { source in
            castable.filter { Language.canCast(source, to: $0) }.map { target in
                Feature(
                    name: "::\(target)", form: .template, arguments: [source], result: target,
                    templates: ["$1::\(target)", "CAST($1 AS \(target))"])
            }
        }
        + [
            form("::mood", ["text"], "mood", "$1::mood"), form("::text", ["mood"], "text", "$1::text"),
            form("::text", ["int4[]"], "text", "$1::text"), form("::int4[]", ["text"], "int4[]", "$1::int4[]"),
            form("::numeric[]", ["int4[]"], "numeric[]", "$1::numeric[]"),
            form("::int4[]", ["numeric[]"], "int4[]", "$1::int4[]"), form("::text", ["text[]"], "text", "$1::text"),
            form("::text", ["mood[]"], "text", "$1::text"),
        ]

    private static let arrays: [Feature] = ["int4", "text", "numeric", "mood", "date"].flatMap { element in
        let array = "\(element)[]"
        return ["@>", "<@", "&&"].map { Feature(name: $0, form: .infix, arguments: [array, array], result: "bool") }
            + [
                form("||", [array, array, element], array, "($1 || $2)", "($1 || $3)", "($3 || $2)"),
                form(
                    "= ANY", [element, array], "bool", "($1 = ANY ($2))", "($1 <> ALL ($2))", "($1 > SOME ($2))",
                    "($1 <= ALL ($2))"),
                form("subscript", [array, "int4"], element, "($1)[1]", "($1)[$2]", "($1)[1][2]"),
                form(
                    "slice", [array, "int4", "int4"], array, "($1)[1:2]", "($1)[$2:$3]", "($1)[:2]", "($1)[2:]",
                    "($1)[1:1][2]"),
                form("ARRAY", [element, element], array, "ARRAY[$1, $2]", "ARRAY[[$1], [$2]]", "ARRAY[$1, NULL]"),
                form("cardinality", [array], "int4", "cardinality($1)"),
                form("array_ndims", [array], "int4", "array_ndims($1)"),
                form("array_length", [array], "int4", "array_length($1, 1)", "array_length($1, 2)"),
                form("array_lower", [array], "int4", "array_lower($1, 1)"),
                form("array_upper", [array], "int4", "array_upper($1, 1)", "array_upper($1, 0)"),
                form("array_append", [array, element], array, "array_append($1, $2)"),
                form("array_prepend", [element, array], array, "array_prepend($1, $2)"),
                form("array_cat", [array, array], array, "array_cat($1, $2)"),
                form("array_remove", [array, element], array, "array_remove($1, $2)"),
                form("array_position", [array, element], "int4", "array_position($1, $2)"),
                form(
                    "array_to_string", [array, "text"], "text", "array_to_string($1, ',')",
                    "array_to_string($1, ',', '*')"),
            ]
    }

    private static let times: [Feature] = [
        form("NOW()", ["interval", "timestamptz"], "bool", "($2 > $n - $1)", "($n < $2 + interval '30 days')"),
        form(
            "AT TIME ZONE", ["timestamptz", "timestamp"], "timestamp", "($1 AT TIME ZONE 'UTC')",
            "($2 AT TIME ZONE 'UTC' AT TIME ZONE interval '-05:30')"),
        form("typed literal", ["date"], "bool", "($1 < date '2026-02-03')", "(timestamp '2026-02-03 04:05' > $1)"),
    ]
}
