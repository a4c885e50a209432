import Foundation

/// One SQLite file of one process, over its crashes.
///
/// A crash takes the files as they are at that moment to the next place and leaves the old ones to the process
/// that is no more (which still has them open). A power cut also takes away what was committed to the
/// write-ahead log after the last sync.
struct SimulatedDisk {
    private let directory: String
    private var life = 0
    /// The size and the header of the write-ahead log at one moment.
    struct Mark {
        fileprivate let size: Int
        fileprivate let header: Data
    }

    /// When it was last synced.
    private var synced: Mark?
    /// Until this tick its writes take long.
    var slowUntil = 0

    init(directory: String) throws {
        self.directory = directory
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    }

    var path: String { "\(directory)/\(life).sqlite" }

    /// What a sync that begins now will have covered.
    func mark() -> Mark? {
        guard let log = FileHandle(forReadingAtPath: path + "-wal"), let header = try? log.read(upToCount: 32),
            let size = try? log.seekToEnd()
        else { return nil }
        return Mark(size: Int(size), header: header)
    }

    mutating func noteSync() { noteSync(mark()) }

    mutating func noteSync(_ mark: Mark?) {
        if let mark { synced = mark }
    }

    /// Returns whether anything was lost.
    mutating func crash(losingUnsynced: Bool) throws -> Bool {
        let old = path
        life += 1
        try FileManager.default.copyItem(atPath: old, toPath: path)
        guard var log = FileManager.default.contents(atPath: old + "-wal") else { return false }
        var isLoss = false
        // A log that was begun anew since had been synced when it was moved into the file.
        if losingUnsynced, let synced, log.prefix(32) == synced.header, log.count > synced.size {
            log = log.prefix(synced.size)
            isLoss = true
        }
        try log.write(to: URL(fileURLWithPath: path + "-wal"))
        return isLoss
    }

    private var backup: String { "\(directory)/backup.sqlite" }

    /// Copies the file as it is now, for `restore`.
    func backUp() throws {
        for suffix in ["", "-wal"] {
            try? FileManager.default.removeItem(atPath: backup + suffix)
            if FileManager.default.fileExists(atPath: path + suffix) {
                try FileManager.default.copyItem(atPath: path + suffix, toPath: backup + suffix)
            }
        }
    }

    /// The file is as it was at the last `backUp`. No process has it open.
    mutating func restore() throws {
        life += 1
        for suffix in ["", "-wal"] where FileManager.default.fileExists(atPath: backup + suffix) {
            try FileManager.default.copyItem(atPath: backup + suffix, toPath: path + suffix)
        }
    }

    /// Takes away what earlier lives left.
    func sweep() {
        for past in max(0, life - 2)..<life {
            for suffix in ["", "-wal", "-shm"] {
                try? FileManager.default.removeItem(atPath: "\(directory)/\(past).sqlite\(suffix)")
            }
        }
    }
}
