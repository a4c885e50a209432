import JSONText
import ShapeEngine
import SyncModel
import SyncProtocol

/// What the routes share.
struct ServiceState: Sendable {
    let mirror: Mirror
    let follower: Follower
    let authenticator: Authenticator
    let sync: SyncRoute
    let operations: OperationsRoute
    let electric: ElectricRoute
    let explain: ExplainRoute
    let dataModel: Text?
    let report: @Sendable (String) -> Void

    /// Electric's words: `active`, `starting` or `waiting`.
    var health: String {
        switch follower.status {
        case .streaming: "active"
        case .starting, .copying: "starting"
        case .waiting, .stopped: "waiting"
        }
    }

    /// The answer of `/v1/health`: Electric's, and on request what it costs to keep the shapes. Numbers only, because
    /// anybody may ask.
    func healthBody(_ status: String, withMetrics: Bool) -> [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.key("status")
        json.string(status)
        if withMetrics {
            json.key("metrics")
            write(mirror.metrics, to: &json)
        }
        json.endObject()
        return json.finish()
    }

    private func write(_ metrics: LiveShapes.Metrics, to json: inout JSONWriter) {
        let numbers: [(String, Int)] = [
            ("shapes", metrics.shapes), ("shapes_scanned", metrics.scanned), ("condition_failures", metrics.failures),
            ("shapes_asked", metrics.work.shapesAsked), ("rows_read", metrics.work.rowsRead),
            ("lookups", metrics.work.lookups), ("rows_found", metrics.work.rowsFound),
            ("conditions_evaluated", metrics.work.conditionsEvaluated), ("table_scans", metrics.work.scans),
        ]
        json.beginObject()
        for (name, number) in numbers {
            json.key(name)
            json.int(Int64(number))
        }
        json.endObject()
    }

    func schema() throws(ServiceError) -> (body: [UInt8], tag: String) {
        let memory = mirror.state
        guard let schema = memory.catalogue, let tag = memory.schemaTag, let epoch = memory.position?.epoch else {
            throw ServiceError(.notReady, "the mirror is being copied: try again shortly")
        }
        let body = SchemaAnswer(epoch: epoch, tag: tag, schema: schema, dataModel: dataModel).body
        return (body, Checksum.text(body))
    }
}
