import SyncModel

/// Why no team is chosen: a sentence without a full stop.
package enum TeamFailure: Error, Hashable, Sendable {
    /// None of that name is visible.
    case unknown(String)
    /// The person has to say which.
    case unclear(String)

    package var reason: String {
        switch self {
        case .unknown(let reason), .unclear(let reason): reason
        }
    }
}

/// For which team, and as whom, a daemon's user imports.
package struct TeamChoice: Hashable, Sendable {
    package let teamID: String
    /// For `created_by`; nil where the user is not among the visible people.
    package let userID: String?

    /// - team: an id or a name that the person gave.
    /// - user: as the daemon names its user: an id, an email, its part before the `@`, or a name.
    package init(
        team: String?, user: String, users: [ColumnMap], members: [ColumnMap], teams: [ColumnMap]
    ) throws(TeamFailure) {
        let userID = Self.person(user, in: users)
        self.userID = userID
        let visible = teams.compactMap { columns in
            columns["id"]?.text.map { (id: $0.string, name: columns["name"]?.text?.string ?? "") }
        }
        if let team {
            teamID = try Self.named(team, in: visible)
            return
        }
        let own = Set(
            members.filter { $0["user_id"]?.text?.string == userID && userID != nil }
                .compactMap { $0["team_id"]?.text?.string })
        let candidates = own.isEmpty ? visible : visible.filter { own.contains($0.id) }
        if candidates.isEmpty, own.count == 1, let only = own.first {
            teamID = only
        } else if candidates.count == 1 {
            teamID = candidates[0].id
        } else if candidates.isEmpty {
            throw .unclear("no team is visible to \(user): name one with --team ID")
        } else {
            let list = candidates.map { "\($0.id) (\($0.name))" }.sorted().joined(separator: ", ")
            throw .unclear("there are several teams, choose one with --team: \(list)")
        }
    }

    private static func named(
        _ team: String, in teams: [(id: String, name: String)]
    ) throws(TeamFailure) -> String {
        // A team that is not synced to this device can still be named by its id.
        if let id = NameBasedUUID.normalised(team) { return id }
        let matches = teams.filter { Text($0.name) == Text(team) }
        if matches.count > 1 {
            let ids = matches.map(\.id).sorted().joined(separator: ", ")
            throw .unclear("several teams are named \(team), give the id with --team: \(ids)")
        }
        guard let only = matches.first else {
            let names = teams.map { Text($0.name) }.sorted().map(\.string).joined(separator: ", ")
            let known = teams.isEmpty ? "none is visible" : "there are \(names) (names are case-sensitive)"
            throw .unknown("no team is named \(team): \(known)")
        }
        return only.id
    }

    private static func person(_ user: String, in users: [ColumnMap]) -> String? {
        let rules: [(ColumnMap) -> Bool] = [
            { $0["id"]?.text?.string == user.lowercased() },
            { $0["email"]?.text?.string.lowercased() == user.lowercased() },
            { $0["email"]?.text?.string.split(separator: "@").first?.lowercased() == user.lowercased() },
            { $0["name"]?.text?.string.lowercased() == user.lowercased() },
        ]
        for rule in rules {
            let matches = users.filter(rule)
            if matches.count == 1 { return matches[0]["id"]?.text?.string }
        }
        return nil
    }
}
