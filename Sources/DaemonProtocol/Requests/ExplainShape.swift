import JSONText
import Shapes
import SyncModel

/// Why a row is, or is not, in a shape.
package enum ExplainShape: RequestMethod {
    package static let method = "shape/explain"

    package struct Params: WireValue {
        package let source: ReadShape.Params.Source
        package let table: TableName
        package let key: KeyValues
        /// Milliseconds that the service may take; then the device answers. 0: the device answers at once.
        package let wait: Int

        package init(
            source: ReadShape.Params.Source, table: TableName, key: KeyValues, wait: Int = Limits.defaultExplanationWait
        ) {
            self.source = source
            self.table = table
            self.key = key
            self.wait = wait
        }

        package init(json: JSON) throws(WireError) {
            var reader = try MemberReader(json)
            source = try ReadShape.Params.Source(&reader)
            table = try reader.required("table", Read.table)
            key = try reader.required("key", Read.value(KeyValues.self))
            wait = try reader.optional("wait", Read.int(0...Limits.wait)) ?? Limits.defaultExplanationWait
            try reader.finish()
        }

        package var json: JSON {
            var object: JSONObject = [source.member: source.json]
            object["table"] = .string(table.description)
            object["key"] = key.json
            object["wait"] = .int(Int64(wait))
            return .object(object)
        }
    }

    package struct Result: WireValue {
        package enum Origin: String, CaseIterable, Hashable, Sendable { case service, device }

        /// Who worked it out.
        package let origin: Origin
        /// Why the service did not.
        package let reason: String?
        /// In the database's log, of the rows that the service looked at.
        package let position: String?
        package let explanation: Explanation
        /// What the device has of the row, whoever worked it out.
        package let device: Held

        package init(origin: Origin, reason: String?, position: String?, explanation: Explanation, device: Held) {
            self.origin = origin
            self.reason = reason
            self.position = position
            self.explanation = explanation
            self.device = device
        }

        package init(json: JSON) throws(WireError) {
            var reader = try MemberReader(json)
            origin = try reader.required("source", Read.label(Origin.self))
            reason = try reader.optional("reason", Read.string)
            position = try reader.optional("position", Read.string)
            explanation = try reader.required("explanation") { json throws(WireError) in
                guard let explanation = Explanation(json: json) else { throw WireError(problem: "is no explanation") }
                return explanation
            }
            device = try reader.required("device", Read.value(Held.self))
        }

        package var json: JSON {
            var object: JSONObject = ["source": .string(origin.rawValue)]
            object["reason"] = reason.map(JSON.string)
            object["position"] = position.map(JSON.string)
            object["explanation"] = explanation.json
            object["device"] = device.json
            return .object(object)
        }
    }

    package struct Held: WireValue {
        /// The row is in view on the device.
        package let isHeld: Bool
        /// The shapes that have it there, by the names of `shape/list`.
        package let shapes: [String]
        /// Operations on it that are not confirmed, in queue order.
        package let operations: [OperationSummary]

        package init(isHeld: Bool, shapes: [String], operations: [OperationSummary]) {
            self.isHeld = isHeld
            self.shapes = shapes
            self.operations = operations
        }

        package init(json: JSON) throws(WireError) {
            var reader = try MemberReader(json)
            isHeld = try reader.required("held", Read.bool)
            shapes = try reader.required("shapes", Read.array(Read.string))
            operations = try reader.required("operations", Read.array(Read.value(OperationSummary.self)))
        }

        package var json: JSON {
            [
                "held": .bool(isHeld), "shapes": .array(shapes.map(JSON.string)),
                "operations": .array(operations.map(\.json)),
            ]
        }
    }
}
