import JSONText
import SyncModel

/// A shape that the device holds, as `shape/list` tells it.
package struct ShapeSummary: WireValue {
    /// The device's name for it.
    package let shape: String
    package let definition: JSON
    package let status: ShapeStatus
    package let reason: Reason?
    /// In view.
    package let rows: Int64
    /// Of the values of its confirmed rows; a row that two shapes have counts for both.
    package let bytes: Int64
    /// How many connections are told of its changes.
    package let subscribers: Int64
    /// Where in its log the device stands; nil before the first answer.
    package let offset: String?
    /// The position as of which its rows are shown; nil while nothing is.
    package let frontier: String?
    /// Milliseconds since the device last knew that nothing newer exists; nil while that was never known.
    package let lag: Int64?
    /// Microseconds since 1970, when it was first asked for.
    package let heldAt: Int64?
    /// Milliseconds from then until its rows came into view; nil while they have not.
    package let firstSync: Int64?
    /// Rows that it leaves out because its condition fails; nil: none.
    package let failures: FailedRows?

    package init(
        shape: String, definition: JSON, status: ShapeStatus, reason: Reason? = nil, rows: Int64, bytes: Int64,
        subscribers: Int64, offset: String? = nil, frontier: String? = nil, lag: Int64? = nil,
        heldAt: Int64? = nil, firstSync: Int64? = nil, failures: FailedRows? = nil
    ) {
        self.shape = shape
        self.definition = definition
        self.status = status
        self.reason = reason
        self.rows = rows
        self.bytes = bytes
        self.subscribers = subscribers
        self.offset = offset
        self.frontier = frontier
        self.lag = lag
        self.heldAt = heldAt
        self.firstSync = firstSync
        self.failures = failures
    }

    package init(json: JSON) throws(WireError) {
        var reader = try MemberReader(json)
        shape = try reader.required("shape", Read.string)
        definition = try reader.required("definition", Read.object)
        status = try reader.required("status", Read.label(ShapeStatus.self))
        reason = try reader.optional("reason", Read.value(Reason.self))
        rows = try reader.required("rows", Read.int)
        bytes = try reader.required("bytes", Read.int)
        subscribers = try reader.required("subscribers", Read.int)
        offset = try reader.optional("offset", Read.string)
        frontier = try reader.optional("frontier", Read.string)
        lag = try reader.optional("lag", Read.int)
        heldAt = try reader.optional("heldAt", Read.int)
        firstSync = try reader.optional("firstSync", Read.int)
        failures = try reader.optional("failures", Read.value(FailedRows.self))
    }

    package var json: JSON {
        var object: JSONObject = [
            "shape": .string(shape), "definition": definition, "status": .string(status.rawValue),
        ]
        object["reason"] = reason?.json
        object["rows"] = .int(rows)
        object["bytes"] = .int(bytes)
        object["subscribers"] = .int(subscribers)
        object["offset"] = offset.map(JSON.string)
        object["frontier"] = frontier.map(JSON.string)
        object["lag"] = lag.map(JSON.int)
        object["heldAt"] = heldAt.map(JSON.int)
        object["firstSync"] = firstSync.map(JSON.int)
        object["failures"] = failures?.json
        return .object(object)
    }
}
