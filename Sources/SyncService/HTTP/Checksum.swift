/// FNV-1a, 64 bits: a tag that tells versions of one thing apart needs no more.
enum Checksum {
    static func text(_ bytes: [UInt8]) -> String {
        let sum = bytes.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        return String(sum, radix: 16)
    }
}
