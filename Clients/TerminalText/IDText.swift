import SyncModel

package enum IDText {
    /// Of an id that a table cuts: eight characters, which can be told apart and given to commands, and `…`.
    package static let least = 9

    /// A UUID as PostgreSQL writes it.
    static func isUUID(_ text: Text) -> Bool {
        let parts = text.string.split(separator: "-", omittingEmptySubsequences: false)
        return parts.map(\.utf8.count) == [8, 4, 4, 4, 12] && parts.joined().allSatisfy(\.isHexDigit)
    }
}
