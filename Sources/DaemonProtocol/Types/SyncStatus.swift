import JSONText
import SyncModel

/// How the device stands to the service: what `sync/status` answers, and three others.
package struct SyncStatus: WireValue {
    package enum State: String, Hashable, Sendable, CaseIterable { case synced, syncing, offline, error }

    package enum Storage: String, Hashable, Sendable, CaseIterable {
        case file
        /// Online-only: the replica file cannot be used.
        case memory
    }

    package struct Shape: WireValue {
        package let shape: String
        package let definition: JSON
        package let status: ShapeStatus
        package let rows: Int64
        package let reason: Reason?
        /// nil: none.
        package let failures: FailedRows?

        package init(
            shape: String, definition: JSON, status: ShapeStatus, rows: Int64, reason: Reason? = nil,
            failures: FailedRows? = nil
        ) {
            self.shape = shape
            self.definition = definition
            self.status = status
            self.rows = rows
            self.reason = reason
            self.failures = failures
        }
    }

    package var state: State
    /// For people.
    package var text: String
    package var pending: Int64
    package var parked: Int64
    package var conflicts: Int64
    /// Listed operations of which something lost to another write; nil: none.
    package var lost: Int64?
    package var isPaused: Bool
    package var isOnline: Bool
    package var reason: Reason?
    package var shapes: [Shape]
    /// The tx part of an offset.
    package var frontier: String?
    package var epoch: String?
    package var user: String
    package var replica: ReplicaID
    package var service: String
    /// Microseconds since 1970; of a contact before the daemon's start by the service's clock.
    package var lastContact: Int64?
    /// Microseconds since 1970.
    package var retryAt: Int64?
    package var storage: Storage

    package init(
        state: State, text: String, pending: Int64 = 0, parked: Int64 = 0, conflicts: Int64 = 0, lost: Int64? = nil,
        isPaused: Bool = false, isOnline: Bool, reason: Reason? = nil, shapes: [Shape] = [],
        frontier: String? = nil,
        epoch: String? = nil, user: String, replica: ReplicaID, service: String, lastContact: Int64? = nil,
        retryAt: Int64? = nil, storage: Storage
    ) {
        self.state = state
        self.text = text
        self.pending = pending
        self.parked = parked
        self.conflicts = conflicts
        self.lost = lost
        self.isPaused = isPaused
        self.isOnline = isOnline
        self.reason = reason
        self.shapes = shapes
        self.frontier = frontier
        self.epoch = epoch
        self.user = user
        self.replica = replica
        self.service = service
        self.lastContact = lastContact
        self.retryAt = retryAt
        self.storage = storage
    }
}

extension SyncStatus {
    package init(json: JSON) throws(WireError) {
        var reader = try MemberReader(json)
        state = try reader.required("state", Read.label(State.self))
        text = try reader.required("text", Read.string)
        pending = try reader.required("pending", Read.int)
        parked = try reader.required("parked", Read.int)
        conflicts = try reader.required("conflicts", Read.int)
        lost = try reader.optional("lost", Read.int)
        isPaused = try reader.required("paused", Read.bool)
        isOnline = try reader.required("online", Read.bool)
        reason = try reader.optional("reason", Read.value(Reason.self))
        shapes = try reader.required("shapes", Read.array(Read.value(Shape.self)))
        frontier = try reader.optional("frontier", Read.string)
        epoch = try reader.optional("epoch", Read.string)
        user = try reader.required("user", Read.string)
        replica = ReplicaID(try reader.required("replica", Read.string))
        service = try reader.required("service", Read.string)
        lastContact = try reader.optional("lastContact", Read.int)
        retryAt = try reader.optional("retryAt", Read.int)
        storage = try reader.required("storage", Read.label(Storage.self))
    }

    package var json: JSON {
        var object: JSONObject = [
            "state": .string(state.rawValue), "text": .string(text), "pending": .int(pending),
            "parked": .int(parked),
            "conflicts": .int(conflicts), "paused": .bool(isPaused), "online": .bool(isOnline),
        ]
        object["lost"] = lost.map(JSON.int)
        object["reason"] = reason?.json
        object["shapes"] = .array(shapes.map(\.json))
        object["frontier"] = frontier.map(JSON.string)
        object["epoch"] = epoch.map(JSON.string)
        object["user"] = .string(user)
        object["replica"] = .string(replica.description)
        object["service"] = .string(service)
        object["lastContact"] = lastContact.map(JSON.int)
        object["retryAt"] = retryAt.map(JSON.int)
        object["storage"] = .string(storage.rawValue)
        return .object(object)
    }
}

extension SyncStatus.Shape {
    package init(json: JSON) throws(WireError) {
        var reader = try MemberReader(json)
        shape = try reader.required("shape", Read.string)
        definition = try reader.required("definition", Read.object)
        status = try reader.required("status", Read.label(ShapeStatus.self))
        rows = try reader.required("rows", Read.int)
        reason = try reader.optional("reason", Read.value(Reason.self))
        failures = try reader.optional("failures", Read.value(FailedRows.self))
    }

    package var json: JSON {
        var object: JSONObject = [
            "shape": .string(shape), "definition": definition, "status": .string(status.rawValue),
            "rows": .int(rows),
        ]
        object["reason"] = reason?.json
        object["failures"] = failures?.json
        return .object(object)
    }
}
