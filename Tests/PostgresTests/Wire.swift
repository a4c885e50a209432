import SyncModel

/// Builds messages as PostgreSQL would send them.
struct Wire {
    private(set) var bytes: [UInt8]

    init(_ kind: Unicode.Scalar) {
        bytes = [UInt8(ascii: kind)]
    }

    func uint8(_ value: UInt8) -> Wire { raw([value]) }
    func uint8(_ value: Unicode.Scalar) -> Wire { raw([UInt8(ascii: value)]) }
    func uint16(_ value: UInt16) -> Wire { integer(value) }
    func uint32(_ value: UInt32) -> Wire { integer(value) }
    func uint64(_ value: UInt64) -> Wire { integer(value) }
    func string(_ text: String) -> Wire { raw(Array(text.utf8) + [0]) }

    func raw(_ more: [UInt8]) -> Wire {
        var wire = self
        wire.bytes += more
        return wire
    }

    func tuple(_ values: [String?]) -> Wire {
        values.reduce(uint16(UInt16(values.count))) { wire, value in
            guard let value else { return wire.uint8("n") }
            return wire.uint8("t").uint32(UInt32(value.utf8.count)).raw(Array(value.utf8))
        }
    }

    static func relation(oid: UInt32, columns: [String]) -> Wire {
        let head = Wire("R").uint32(oid).string("public").string("t").uint8("d").uint16(UInt16(columns.count))
        return columns.reduce(head) { $0.uint8(1).string($1).uint32(25).uint32(.max) }
    }

    /// The message inside XLogData.
    var inData: [UInt8] { Wire("w").uint64(0).uint64(0).uint64(0).raw(bytes).bytes }

    static func keepalive(_ walEnd: UInt64, wantsReply: Bool = false) -> [UInt8] {
        Wire("k").uint64(walEnd).uint64(0).uint8(wantsReply ? 1 : 0).bytes
    }

    private func integer(_ value: some FixedWidthInteger) -> Wire {
        withUnsafeBytes(of: value.bigEndian) { raw(Array($0)) }
    }
}
