import Crypto

/// UUIDs made from names (RFC 9562, version 5), in PostgreSQL's lower-case text form.
package enum NameBasedUUID {
    /// nil when `namespace` is no UUID.
    package static func make(namespace: String, name: String) -> String? {
        guard let space = bytes(namespace) else { return nil }
        var hash = Insecure.SHA1()
        hash.update(data: space)
        hash.update(data: Array(name.utf8))
        var uuid = Array(hash.finalize().prefix(16))
        uuid[6] = uuid[6] & 0x0f | 0x50
        uuid[8] = uuid[8] & 0x3f | 0x80
        return text(uuid)
    }

    /// The text form that PostgreSQL writes; nil when `text` is no UUID with its dashes.
    package static func normalised(_ text: String) -> String? { bytes(text).map(Self.text) }

    private static func bytes(_ text: String) -> [UInt8]? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.map(\.utf8.count) == [8, 4, 4, 4, 12] else { return nil }
        let digits = parts.joined().compactMap(\.hexDigitValue)
        guard digits.count == 32 else { return nil }
        return stride(from: 0, to: 32, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }

    private static func text(_ bytes: [UInt8]) -> String {
        var text = ""
        for (index, byte) in bytes.enumerated() {
            if [4, 6, 8, 10].contains(index) { text += "-" }
            text += (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
        return text
    }
}
