import JSONText
import SyncModel

/// The one JSON form of explanations, on both wires. What is empty, or nil for nothing to be told, is left out.
extension Explanation {
    package var json: JSON {
        var object: JSONObject = ["found": .bool(isFound), "member": JSON(isMember)]
        object["now"] = now.map { .string($0.string) }
        object["permission"] = permission.map { permission in
            ["rule": .string(permission.rule.string), "claims": JSON(permission.claims)]
        }
        object["nodes"] = .array(nodes.map(\.json))
        return .object(object)
    }

    /// nil for anything else.
    package init?(json: JSON) {
        guard let found = json["found"]?.bool, let member = json["member"], let nodes = json["nodes"]?.all(Node.init)
        else { return nil }
        var permission: Permission?
        if let json = json["permission"] {
            guard let rule = json["rule"]?.string, let claims = json["claims"]?.namedValues else { return nil }
            permission = Permission(rule: Text(rule), claims: claims)
        }
        self.init(
            isFound: found, isMember: member.bool, now: json["now"]?.string.map { Text($0) }, permission: permission,
            nodes: nodes)
    }
}

extension Explanation.Node {
    fileprivate var json: JSON {
        var object: JSONObject = ["path": .string(path), "matching": matching.json]
        object["window"] = window.map { window in
            var object: JSONObject = ["order": .string(window.order), "limit": .int(Int64(window.limit))]
            object["per"] = window.per.map(JSON.string)
            return .object(object)
        }
        object["place"] = place?.json
        return .object(object)
    }

    fileprivate init?(json: JSON) {
        guard let path = json["path"]?.string, let matching = json["matching"].flatMap(Explanation.Matching.init)
        else { return nil }
        var window: Explanation.Window?
        if let json = json["window"] {
            guard let order = json["order"]?.string, let limit = json["limit"]?.int else { return nil }
            window = Explanation.Window(order: order, limit: Int(limit), per: json["per"]?.string)
        }
        var place: Explanation.Place?
        if let json = json["place"] {
            guard let read = Explanation.Place(json: json) else { return nil }
            place = read
        }
        self.init(path: path, matching: matching, window: window, place: place)
    }
}

extension Explanation.Place {
    fileprivate var json: JSON {
        var object: JSONObject = ["key": JSON(key), "member": JSON(isMember)]
        object["condition"] = condition?.json
        if !ranks.isEmpty || moreRanks > 0 {
            object["windows"] = ["ranks": .array(ranks.map(\.json)), "more": .int(Int64(moreRanks))]
        }
        object["parents"] = parents.map { parents in
            [
                "path": .string(parents.path), "table": .string(parents.table.description),
                "rows": .array(parents.rows.map(\.json)), "more": .int(Int64(parents.more)),
            ]
        }
        return .object(object)
    }

    fileprivate init?(json: JSON) {
        guard let key = json["key"]?.namedValues, let member = json["member"] else { return nil }
        var condition: Explanation.Term?
        if let json = json["condition"] {
            guard let read = Explanation.Term(json: json) else { return nil }
            condition = read
        }
        var parents: Explanation.Parents?
        if let json = json["parents"] {
            guard let path = json["path"]?.string, let table = json["table"]?.string, let more = json["more"]?.int,
                let rows = json["rows"]?.all(Explanation.Place.init)
            else { return nil }
            parents = Explanation.Parents(path: path, table: TableName(table), rows: rows, more: Int(more))
        }
        var ranks: [Explanation.Rank] = []
        if let json = json["windows"] {
            guard let read = json["ranks"]?.all(Explanation.Rank.init) else { return nil }
            ranks = read
        }
        self.init(
            key: key, isMember: member.bool, condition: condition, ranks: ranks,
            moreRanks: Int(json["windows"]?["more"]?.int ?? 0), parents: parents)
    }
}

extension Explanation.Rank {
    fileprivate var json: JSON {
        var object: JSONObject = [:]
        if !group.isEmpty { object["group"] = JSON(group) }
        object["inside"] = .bool(isInside)
        object["rank"] = rank.map { .int(Int64($0)) }
        object["values"] = JSON(values)
        return .object(object)
    }

    fileprivate init?(json: JSON) {
        guard let isInside = json["inside"]?.bool, let values = json["values"]?.namedValues else { return nil }
        self.init(
            group: json["group"]?.namedValues ?? [], isInside: isInside, rank: json["rank"]?.int.map { Int($0) },
            values: values)
    }
}
