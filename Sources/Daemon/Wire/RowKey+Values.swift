import SyncModel

extension RowKey {
    /// The texts of the key's columns, in key order: the inverse of `init(values:)`. nil stands for NULL.
    var parts: [Text?] {
        var parts: [Text?] = []
        var part: [UInt8] = []
        var isSlashOpen = false
        func finish() {
            let isQuoted = part.count >= 2 && part.first == UInt8(ascii: "\"")
            parts.append(isQuoted ? Text(String(decoding: part.dropFirst().dropLast(), as: UTF8.self)) : nil)
            part = []
        }
        // Inside a value slashes are doubled, and a separator never stands beside one.
        for byte in text.string.utf8 {
            guard byte == UInt8(ascii: "/") else {
                if isSlashOpen { finish() }
                isSlashOpen = false
                part.append(byte)
                continue
            }
            if isSlashOpen { part.append(byte) }
            isSlashOpen.toggle()
        }
        if isSlashOpen { finish() }
        finish()
        return parts
    }
}
