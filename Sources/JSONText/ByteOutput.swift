/// Bytes that grow at the end. Written through pointers, each piece at once: `Array.append` checks uniqueness
/// and capacity for every byte, which costs more than the writing.
struct ByteOutput: Sendable {
    /// Longer than what is written; the rest is zero.
    private var storage: [UInt8]
    private(set) var count = 0

    init(capacity: Int) {
        storage = [UInt8](repeating: 0, count: capacity)
    }

    var bytes: [UInt8] { Array(storage[..<count]) }

    mutating func take() -> [UInt8] {
        storage.removeLast(storage.count - count)
        count = 0
        defer { storage = [] }
        return storage
    }

    /// `body` gets room for at least `size` bytes and returns how many it wrote.
    @inline(__always)
    private mutating func write(atMost size: Int, _ body: (UnsafeMutablePointer<UInt8>) -> Int) {
        if storage.count - count < size { grow(by: size) }
        let start = count
        storage.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            count = start + body(base + start)
        }
    }

    @inline(never)
    private mutating func grow(by size: Int) {
        let target = max(count + size, storage.count * 2, 64)
        var larger = [UInt8](unsafeUninitializedCapacity: target) { buffer, initialized in
            storage.withUnsafeBufferPointer { old in
                _ = buffer.update(fromContentsOf: old[..<count])
            }
            buffer[count...].update(repeating: 0)
            initialized = target
        }
        swap(&storage, &larger)
    }

    mutating func append(_ byte: UInt8) {
        write(atMost: 1) { place in
            place.pointee = byte
            return 1
        }
    }

    mutating func append(_ text: String) {
        append(contentsOf: text.utf8)
    }

    mutating func append(contentsOf bytes: some Collection<UInt8>) {
        write(atMost: bytes.count) { place in
            let buffer = UnsafeMutableBufferPointer(start: place, count: bytes.count)
            return buffer.update(fromContentsOf: bytes)
        }
    }

    mutating func append(_ value: Int64) {
        // 19 digits and a sign, written from the last one.
        write(atMost: 20) { place in
            var magnitude = value.magnitude
            var length = value < 0 ? 1 : 0
            repeat {
                length += 1
                magnitude /= 10
            } while magnitude > 0
            magnitude = value.magnitude
            if value < 0 { place.pointee = UInt8(ascii: "-") }
            var index = length
            repeat {
                index -= 1
                place[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: magnitude % 10)
                magnitude /= 10
            } while magnitude > 0
            return length
        }
    }

    /// As a JSON string.
    mutating func append(quoted text: String) {
        var text = text
        text.withUTF8 { utf8 in
            // The longest escape has six bytes.
            let size = utf8.contains(where: Self.mustEscape) ? utf8.count * 6 + 2 : utf8.count + 2
            write(atMost: size) { place in
                place.pointee = UInt8(ascii: "\"")
                let end =
                    if size == utf8.count + 2 {
                        Self.copy(utf8, to: place + 1)
                    } else {
                        Self.escape(utf8, to: place + 1)
                    }
                end.pointee = UInt8(ascii: "\"")
                return end - place + 1
            }
        }
    }

    @inline(__always)
    private static func mustEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    /// Both return the place behind what they wrote.
    private static func copy(
        _ utf8: UnsafeBufferPointer<UInt8>, to place: UnsafeMutablePointer<UInt8>
    ) -> UnsafeMutablePointer<UInt8> {
        if let base = utf8.baseAddress { place.update(from: base, count: utf8.count) }
        return place + utf8.count
    }

    private static func escape(
        _ utf8: UnsafeBufferPointer<UInt8>, to place: UnsafeMutablePointer<UInt8>
    ) -> UnsafeMutablePointer<UInt8> {
        var place = place
        func put(_ byte: UInt8) {
            place.pointee = byte
            place += 1
        }
        for byte in utf8 {
            guard mustEscape(byte) else {
                put(byte)
                continue
            }
            put(UInt8(ascii: "\\"))
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): put(byte)
            case 0x08: put(UInt8(ascii: "b"))
            case 0x09: put(UInt8(ascii: "t"))
            case 0x0a: put(UInt8(ascii: "n"))
            case 0x0c: put(UInt8(ascii: "f"))
            case 0x0d: put(UInt8(ascii: "r"))
            default:
                for character in "u00".utf8 { put(character) }
                put(UInt8(ascii: "0") + byte >> 4)
                let low = byte & 0xf
                put(low < 10 ? UInt8(ascii: "0") + low : UInt8(ascii: "a") + low - 10)
            }
        }
        return place
    }
}
