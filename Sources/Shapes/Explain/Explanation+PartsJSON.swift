import JSONText
import SyncModel

extension Explanation.Term {
    var json: JSON {
        var object: JSONObject = ["kind": .string(kind.rawValue), "sql": .string(sql)]
        object.set(truth)
        if !values.isEmpty { object["values"] = JSON(values) }
        if !lacking.isEmpty { object["lacking"] = .array(lacking.map(JSON.string)) }
        if !subselects.isEmpty { object["subselects"] = .array(subselects.map(\.json)) }
        if !parts.isEmpty { object["parts"] = .array(parts.map(\.json)) }
        return .object(object)
    }

    init?(json: JSON) {
        guard let kind = json["kind"]?.string.flatMap(Kind.init), let sql = json["sql"]?.string,
            let truth = Truth(json: json), let values = (json["values"] ?? [:]).namedValues,
            let lacking = (json["lacking"] ?? []).all(\.string),
            let subselects = (json["subselects"] ?? []).all(Explanation.Members.init),
            let parts = (json["parts"] ?? []).all(Explanation.Term.init)
        else { return nil }
        self.init(
            kind: kind, sql: sql, truth: truth, values: values, lacking: lacking, subselects: subselects, parts: parts)
    }
}

extension Explanation.Members {
    fileprivate var json: JSON {
        var object: JSONObject = ["table": .string(table.description)]
        object["count"] = count.map { .int(Int64($0)) }
        object.set(truth)
        return .object(object)
    }

    fileprivate init?(json: JSON) {
        guard let table = json["table"]?.string, let truth = Truth(json: json) else { return nil }
        self.init(table: TableName(table), count: json["count"]?.int.map { Int($0) }, truth: truth)
    }
}

extension Explanation.Matching {
    var json: JSON {
        var object: JSONObject = [
            "scanned": .bool(isScanned), "timed": .bool(isTimed), "ways": .array(ways.map(\.json)),
        ]
        if moreWays > 0 { object["moreWays"] = .int(Int64(moreWays)) }
        return .object(object)
    }

    init?(json: JSON) {
        guard let isTimed = json["timed"]?.bool, let ways = json["ways"]?.all(Way.init) else { return nil }
        self.init(ways: ways, moreWays: Int(json["moreWays"]?.int ?? 0), isTimed: isTimed)
    }
}

extension Explanation.Matching.Way {
    fileprivate var json: JSON {
        let steps = steps.map { step -> JSON in
            [
                "columns": .array(step.columns.map(JSON.string)), "table": .string(step.table.description),
                "to": .array(step.tableColumns.map(JSON.string)),
            ]
        }
        var object: JSONObject = ["steps": .array(steps), "columns": .array(columns.map(JSON.string))]
        switch filing {
        case .values(let values, let more):
            object["values"] = .array(values.map { .string($0.string) })
            object["more"] = .int(Int64(more))
        case .members(let table): object["members"] = .string(table.description)
        }
        return .object(object)
    }

    fileprivate init?(json: JSON) {
        guard let steps = json["steps"]?.all(Explanation.Matching.Step.init),
            let columns = json["columns"]?.all(\.string)
        else { return nil }
        if let table = json["members"]?.string {
            self.init(steps: steps, columns: columns, filing: .members(of: TableName(table)))
        } else {
            guard let values = (json["values"] ?? []).all(\.string) else { return nil }
            let filing = Explanation.Matching.Filing.values(
                values.map { Text($0) }, more: Int(json["more"]?.int ?? 0))
            self.init(steps: steps, columns: columns, filing: filing)
        }
    }
}

extension Explanation.Matching.Step {
    fileprivate init?(json: JSON) {
        guard let columns = json["columns"]?.all(\.string), let table = json["table"]?.string,
            let tableColumns = json["to"]?.all(\.string)
        else { return nil }
        self.init(columns: columns, table: TableName(table), tableColumns: tableColumns)
    }
}

// MARK: - Pieces

extension Truth {
    fileprivate init?(json: JSON) {
        switch json["truth"]?.string {
        case "true": self = .true
        case "false": self = .false
        case "unknown": self = .unknown
        case "undecidable": self = .undecidable
        case "error": self = .error(json["message"]?.string ?? "")
        default: return nil
        }
    }
}

extension JSONObject {
    fileprivate mutating func set(_ truth: Truth) {
        switch truth {
        case .true: self["truth"] = "true"
        case .false: self["truth"] = "false"
        case .unknown: self["truth"] = "unknown"
        case .undecidable: self["truth"] = "undecidable"
        case .error(let message):
            self["truth"] = "error"
            self["message"] = .string(message.shortened)
        }
    }
}

extension JSON {
    /// nil is null.
    init(_ verdict: Bool?) { self = verdict.map(JSON.bool) ?? .null }

    init(_ values: [Explanation.NamedValue]) {
        self = .object(JSONObject(values.map { ($0.column, $0.value.map { .string($0.string) } ?? .null) }))
    }

    /// nil for anything but an object of texts and nulls.
    var namedValues: [Explanation.NamedValue]? {
        guard let object else { return nil }
        var values: [Explanation.NamedValue] = []
        for (column, value) in object.members {
            guard value.isNull || value.string != nil else { return nil }
            values.append(Explanation.NamedValue(column, value.string.map { Text($0) }))
        }
        return values
    }

    /// All elements of an array; nil where one does not fit.
    func all<Element>(_ read: (JSON) -> Element?) -> [Element]? {
        guard let array else { return nil }
        let elements = array.compactMap(read)
        return elements.count == array.count ? elements : nil
    }
}
