import SyncModel

/// One place where two trees hold different values. A side without a value there is nil.
package struct DataDifference: Hashable, Sendable {
    /// `workflow.steps[2].name`
    package let path: String
    package let left: DataTree?
    package let right: DataTree?
}

extension DataTree {
    /// Where the other tree differs, the order of members aside: by path, members in byte order of their names.
    package func differences(to other: DataTree, at path: String = "") -> [DataDifference] {
        switch (self, other) {
        case (.map(let left), .map(let right)):
            let names = Set(left.keys).union(right.keys).sorted()
            return names.flatMap { name in
                Self.differences(left[name], right[name], at: path.isEmpty ? "\(name)" : "\(path).\(name)")
            }
        case (.list(let left), .list(let right)):
            return (0..<max(left.count, right.count)).flatMap { index in
                Self.differences(
                    index < left.count ? left[index] : nil, index < right.count ? right[index] : nil,
                    at: "\(path)[\(index)]")
            }
        default:
            return self == other ? [] : [DataDifference(path: path, left: self, right: other)]
        }
    }

    private static func differences(_ left: DataTree?, _ right: DataTree?, at path: String) -> [DataDifference] {
        if let left, let right { return left.differences(to: right, at: path) }
        return [DataDifference(path: path, left: left, right: right)]
    }
}
