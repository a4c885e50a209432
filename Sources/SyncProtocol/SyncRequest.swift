import JSONText
import Shapes
import SyncModel

/// `POST /v1/sync`: the one stream of a daemon, over all of its shapes.
package struct SyncRequest: Hashable, Sendable {
    package struct Shape: Hashable, Sendable {
        /// The device's own name for it, unique in the request.
        package let id: String
        package let definition: ShapeDefinition
        /// nil: nothing is held of it.
        package let handle: ShapeHandle?
        package let offset: LogOffset
        /// Names what it knows of rows that the shape leaves out because its condition fails; nil: of none.
        package let failureTag: String?

        package init(
            id: String, definition: ShapeDefinition, handle: ShapeHandle? = nil,
            offset: LogOffset = .beforeAll, failureTag: String? = nil
        ) {
            self.id = id
            self.definition = definition
            self.handle = handle
            self.offset = offset
            self.failureTag = failureTag
        }
    }

    /// A shape whose definition cannot be read. The service ends it with the reason and serves the others.
    package struct Refusal: Hashable, Sendable {
        package let id: String
        package let reason: Reason

        package init(id: String, reason: Reason) {
            self.id = id
            self.reason = reason
        }
    }

    package let replica: ReplicaID
    /// The service may hold the answer until there is something to say.
    package let isLive: Bool
    /// The answer's frontier must cover everything that PostgreSQL had committed when the request arrived.
    package let isBarrier: Bool
    /// The greatest seq of the replica that it knows to be confirmed: a greater one is worth an answer.
    package let confirmedSeq: Int64
    package let shapes: [Shape]
    /// Filled only by decoding.
    package let refusals: [Refusal]

    package init(
        replica: ReplicaID, isLive: Bool, isBarrier: Bool = false, confirmedSeq: Int64 = 0, shapes: [Shape]
    ) {
        self.replica = replica
        self.isLive = isLive
        self.isBarrier = isBarrier
        self.confirmedSeq = confirmedSeq
        self.shapes = shapes
        refusals = []
    }
}

extension SyncRequest {
    package var body: [UInt8] {
        var json = JSONWriter()
        json.beginObject()
        json.member("protocol", ProtocolVersion.current)
        json.member("replica", replica.description)
        json.member("live", isLive)
        json.member("barrier", isBarrier)
        json.member("confirmed", confirmedSeq)
        json.key("shapes")
        json.beginArray()
        for shape in shapes {
            json.beginObject()
            json.member("id", shape.id)
            json.key("definition")
            shape.definition.write(to: &json)
            json.member("handle", shape.handle?.description)
            json.member("offset", shape.offset.description)
            if let tag = shape.failureTag { json.member("failures", tag) }
            json.endObject()
        }
        json.endArray()
        json.endObject()
        return json.bytes
    }

    /// Throws `ServiceError`: what the asker is to be answered.
    package init(body: [UInt8]) throws(ServiceError) {
        let request = try JSON(request: body)
            .object(at: "request", only: ["protocol", "replica", "live", "barrier", "confirmed", "shapes"])
        try request.requireProtocolVersion()
        replica = ReplicaID(try request.identifier("replica"))
        isLive = try request.optionalBool("live") ?? false
        isBarrier = try request.optionalBool("barrier") ?? false
        confirmedSeq = try request.optionalInteger("confirmed") ?? 0
        guard confirmedSeq >= 0 else { throw .badRequest("request.confirmed: a seq is 0 or more") }
        let shapes = try request.array("shapes")
        guard shapes.count <= ProtocolLimits.shapesPerRequest else {
            throw .tooLarge("the number of shapes in a request", ProtocolLimits.shapesPerRequest)
        }
        (self.shapes, refusals) = try Self.shapes(shapes)
    }

    private static func shapes(_ values: [JSON]) throws(ServiceError) -> ([Shape], [Refusal]) {
        var shapes: [Shape] = []
        var refusals: [Refusal] = []
        var ids: Set<Text> = []
        for (index, value) in values.enumerated() {
            let shape = try value.object(
                at: "shapes[\(index)]", only: ["id", "definition", "handle", "offset", "failures"])
            let id = try shape.identifier("id")
            guard ids.insert(Text(id)).inserted else {
                throw .badRequest("shapes[\(index)].id: '\(id)' is there twice")
            }
            let definition = try shape.json("definition")
            switch Result(catching: { () throws(ShapeError) in try ShapeDefinition(json: definition) }) {
            case .success(let definition): shapes.append(try Shape(id: id, definition: definition, shape))
            case .failure(let error): refusals.append(Refusal(id: id, reason: error.reason))
            }
        }
        return (shapes, refusals)
    }
}

extension SyncRequest.Shape {
    fileprivate init(id: String, definition: ShapeDefinition, _ shape: ObjectReader) throws(ServiceError) {
        let offset = try shape.optionalText("offset") == nil ? .beforeAll : shape.offset("offset")
        let handle = try shape.optionalIdentifier("handle").map { ShapeHandle($0) }
        guard handle != nil || offset == .beforeAll else {
            throw .badRequest(
                "\(shape.path).offset: '\(offset)' is of no use without the handle that it is in")
        }
        self.init(
            id: id, definition: definition, handle: handle, offset: offset,
            failureTag: try shape.optionalIdentifier("failures"))
    }
}
