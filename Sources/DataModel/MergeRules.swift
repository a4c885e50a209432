/// The values of a setting: those that work, and those that are planned and refused by name until then.
protocol MergeRule: RawRepresentable<String>, CaseIterable {
    static var planned: [String] { get }
}

package enum ColumnRule: String, Hashable, Sendable, MergeRule {
    case lastWriterWins = "last_writer_wins"

    static let planned = ["lww_vector_clock", "observed_remove_set", "counter", "lock", "server_assigned"]
}

package enum ConcurrentDeleteRule: String, Hashable, Sendable, MergeRule {
    case updateWins = "update_wins"

    static let planned = ["delete_wins"]
}

package enum MissingParentRule: String, Hashable, Sendable, MergeRule {
    case reject

    static let planned = ["resurrect", "drop"]
}
