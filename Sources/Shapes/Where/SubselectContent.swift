import SyncModel

/// The members of one sub-select, counted, so that of two rows with the same values one may go.
package struct SubselectContent: Sendable {
    private var groups: [[Scalar?]: Group] = [:]

    private struct Group {
        var counts: [[Scalar?]: Int] = [:]
        /// Of those with a NULL among the values.
        var nullCount = 0
    }

    package init() {}

    package var isEmpty: Bool { groups.isEmpty }

    func isEmpty(_ group: [Scalar?]) -> Bool { groups[group] == nil }

    func count(_ member: SubselectMember) -> Int { groups[member.group]?.counts[member.values] ?? 0 }

    /// Each once, in no order.
    package var members: [SubselectMember] {
        groups.flatMap { group, held in held.counts.keys.map { SubselectMember(group: group, values: $0) } }
    }

    func memberCount(for probe: SubselectProbe) -> Int { groups[probe.group]?.counts.count ?? 0 }

    package func contains(_ member: SubselectMember) -> Bool { count(member) > 0 }

    /// In no order.
    func members(of group: [Scalar?]) -> [[Scalar?]] { groups[group].map { Array($0.counts.keys) } ?? [] }

    /// True when it was not there before: outer rows may be touched.
    package mutating func add(_ member: SubselectMember) -> Bool {
        var group = groups[member.group] ?? Group()
        let before = group.counts[member.values] ?? 0
        group.counts[member.values] = before + 1
        if before == 0, member.values.contains(nil) { group.nullCount += 1 }
        groups[member.group] = group
        return before == 0
    }

    /// True when it was the last of its kind: outer rows may be touched. A member that is not there is ignored.
    package mutating func remove(_ member: SubselectMember) -> Bool {
        guard var group = groups[member.group], let before = group.counts[member.values] else { return false }
        group.counts[member.values] = before == 1 ? nil : before - 1
        if before == 1, member.values.contains(nil) { group.nullCount -= 1 }
        groups[member.group] = group.counts.isEmpty ? nil : group
        return before == 1
    }

    /// SQL's `IN`, and `EXISTS` for a probe without values.
    package func truth(of probe: SubselectProbe) -> Truth {
        guard !probe.group.contains(nil), let group = groups[probe.group] else { return .false }
        if probe.values.isEmpty { return .true }
        guard probe.values.contains(nil) else {
            if group.counts[probe.values] != nil { return .true }
            guard group.nullCount > 0 else { return .false }
            return Self.isPossible(probe.values, in: group.counts.keys.filter { $0.contains(nil) })
        }
        return Self.isPossible(probe.values, in: Array(group.counts.keys))
    }

    /// Whether a row could be equal if it were known what its NULLs stand for.
    static func isPossible(_ values: [Scalar?], in members: [[Scalar?]]) -> Truth {
        let isPossible = members.contains { member in
            zip(values, member).allSatisfy { left, right in left == nil || right == nil || left == right }
        }
        return isPossible ? .unknown : .false
    }
}
