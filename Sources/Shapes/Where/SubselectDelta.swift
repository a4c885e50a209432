/// How one transaction changes the members of a sub-select: beside a content that stands for the view before it,
/// the view after it.
package struct SubselectDelta: Sendable {
    private var groups: [[Scalar?]: [[Scalar?]: Int]] = [:]
    /// In the order in which they were first met, so that nothing depends on a dictionary's.
    private var order: [SubselectMember] = []

    package init() {}

    package mutating func add(_ member: SubselectMember) { change(member, by: 1) }

    package mutating func remove(_ member: SubselectMember) { change(member, by: -1) }

    private mutating func change(_ member: SubselectMember, by count: Int) {
        if groups[member.group]?[member.values] == nil { order.append(member) }
        groups[member.group, default: [:]][member.values, default: 0] += count
    }

    package var isEmpty: Bool { order.allSatisfy { count($0) == 0 } }

    private func count(_ member: SubselectMember) -> Int { groups[member.group]?[member.values] ?? 0 }

    /// A member that comes or goes, as it is in the one view and not in the other.
    package struct Crossing: Hashable, Sendable {
        package let member: SubselectMember
        /// The member's group has no other member in one of the two views: a NULL before `IN` is told from false.
        package let isAlone: Bool
        /// It is in the view before, and not in the one after.
        package let isRemoval: Bool
    }

    package func crossings(over content: SubselectContent) -> [Crossing] {
        order.compactMap { member in
            let before = content.count(member)
            let after = before + count(member)
            guard (before > 0) != (after > 0) else { return nil }
            let isAlone = content.isEmpty(member.group) || isEmptied(member.group, content)
            return Crossing(member: member, isAlone: isAlone, isRemoval: before > 0)
        }
    }

    private func isEmptied(_ group: [Scalar?], _ content: SubselectContent) -> Bool {
        let changes = groups[group] ?? [:]
        guard changes.contains(where: { $0.value < 0 }) else { return false }
        return members(of: group, content).isEmpty
    }

    /// The values of a group's members in the view after.
    private func members(of group: [Scalar?], _ content: SubselectContent) -> [[Scalar?]] {
        let changes = groups[group] ?? [:]
        var members = content.members(of: group).filter { values in
            content.count(SubselectMember(group: group, values: values)) + (changes[values] ?? 0) > 0
        }
        for (values, count) in changes
        where count > 0 && content.count(SubselectMember(group: group, values: values)) == 0 {
            members.append(values)
        }
        return members
    }

    /// SQL's `IN` and `EXISTS` in the view after.
    func truth(of probe: SubselectProbe, over content: SubselectContent) -> Truth {
        guard let changes = groups[probe.group], !probe.group.contains(nil) else { return content.truth(of: probe) }
        if !probe.values.isEmpty, !probe.values.contains(nil) {
            let member = SubselectMember(group: probe.group, values: probe.values)
            if content.count(member) + (changes[probe.values] ?? 0) > 0 { return .true }
        }
        let members = members(of: probe.group, content)
        if probe.values.isEmpty { return Truth(!members.isEmpty) }
        return SubselectContent.isPossible(probe.values, in: members)
    }

    package func apply(to content: inout SubselectContent) {
        for member in order {
            let count = count(member)
            for _ in 0..<max(count, 0) { _ = content.add(member) }
            for _ in 0..<max(-count, 0) { _ = content.remove(member) }
        }
    }
}

/// The contents of a predicate's sub-selects, in their order, each as it is before a transaction or after it.
package struct SubselectView: SubselectSource {
    private var parts: [(content: SubselectContent, delta: SubselectDelta?)] = []

    package init() {}

    /// `delta` nil: the content as it stands.
    package mutating func append(_ content: SubselectContent, _ delta: SubselectDelta?) {
        parts.append((content, delta))
    }

    package func truth(of index: Int, _ probe: SubselectProbe) -> Truth {
        guard parts.indices.contains(index) else { return .undecidable }
        let (content, delta) = parts[index]
        return delta?.truth(of: probe, over: content) ?? content.truth(of: probe)
    }

    /// Only of contents as they stand.
    package func memberCount(of index: Int, _ probe: SubselectProbe) -> Int? {
        guard parts.indices.contains(index), parts[index].delta == nil else { return nil }
        return parts[index].content.memberCount(for: probe)
    }
}
