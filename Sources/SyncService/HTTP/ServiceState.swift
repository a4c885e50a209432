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

    func schema() throws(ServiceError) -> (body: [UInt8], tag: String) {
        guard let schema = mirror.catalogue, let epoch = mirror.epoch else {
            throw ServiceError(.notReady, "the mirror is being copied: try again shortly")
        }
        let body = SchemaAnswer(epoch: epoch, schema: schema, dataModel: dataModel).body
        return (body, String(Self.checksum(body), radix: 16))
    }

    /// FNV-1a, 64 bits: an entity tag needs no more.
    private static func checksum(_ bytes: [UInt8]) -> UInt64 {
        bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }
}
