import Foundation

extension SeededGenerator {
    /// `SATCHEL_SEED`, or the default: so that a test can be run again with the seed that failed.
    package static func seed(_ fallback: UInt64) -> UInt64 {
        ProcessInfo.processInfo.environment["SATCHEL_SEED"].flatMap { UInt64($0) } ?? fallback
    }
}
