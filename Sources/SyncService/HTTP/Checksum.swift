import SyncModel

/// A tag that tells versions of one thing apart.
enum Checksum {
    static func text(_ bytes: [UInt8]) -> String { String(FNV1a.hash(bytes), radix: 16) }
}
