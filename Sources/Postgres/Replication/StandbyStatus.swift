import SyncModel

/// How far we are, as told to the server ("Standby status update").
package struct StandbyStatus: Hashable, Sendable {
    /// Received up to here (exclusive).
    package let written: LSN
    /// Durable up to here (exclusive). Zero: nothing to say. The server may forget what lies before it.
    package let flushed: LSN
    package let wantsReply: Bool

    /// `now`: microseconds since 1970.
    func encoded(now: Int64) -> [UInt8] {
        var bytes = [UInt8(ascii: "r")]
        let time = UInt64(bitPattern: now &- postgresEpochMicroseconds)
        for number in [written.rawValue, flushed.rawValue, flushed.rawValue, time] {
            for shift in stride(from: 56, through: 0, by: -8) {
                bytes.append(UInt8(truncatingIfNeeded: number >> shift))
            }
        }
        bytes.append(wantsReply ? 1 : 0)
        return bytes
    }
}
