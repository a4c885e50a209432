import GRDB
import Foundation
import SyncModel

extension Replica {
    /// What tells a directory from a copy of it: its inode's number, which moving it within a file system, or
    /// restarting the machine, does not change, and copying or restoring it does.
    package static func instance(ofDirectory path: String) throws(ReplicaError) -> String {
        var status = stat()
        guard stat(path, &status) == 0 else {
            throw ReplicaError(.storage, "The directory \(path) cannot be read: check that it exists and is yours")
        }
        return "inode \(status.st_ino)"
    }

    /// The file was copied or restored, and goes on under a new id, with sequence numbers from 1.
    ///
    /// What was never sent stays queued. What the service had acknowledged is done. What was on its way may have
    /// been applied under the old id, which nobody can find out under the new one: a person decides.
    func settleCopy(instance: String, newReplicaID: ReplicaID) throws(ReplicaError) {
        _ = try change(.full) { transaction in
            // The original may live on under its id, and two must never share one.
            transaction.memory.id = newReplicaID
            try StateName.replica.set(newReplicaID.description, in: transaction.db)
            try StateName.instance.set(instance, in: transaction.db)
            for record in try OperationTable.records(in: .sending, transaction.db) {
                try transaction.set(record, .parked, isApplied: true) { record in
                    record.seq = nil
                    record.reason = Reason(
                        code: "outcome_unknown",
                        message: "The replica was copied or restored while this operation was on its way: "
                            + "look whether it was applied, then dismiss it or try it again")
                }
            }
            for record in try OperationTable.records(in: .acknowledged, transaction.db) {
                try transaction.set(record, .confirmed, isApplied: false) { $0.seq = nil }
            }
            try transaction.db.execute(sql: "UPDATE operation SET seq = NULL")
            transaction.memory.nextSeq = 1
            transaction.memory.confirmedSeq = 0
            try transaction.storeSequence()
            try transaction.rebaseAll()
        }
    }
}
