import DaemonProtocol
import DataModel
import JSONRPC
import JSONText
import Replica
import Shapes
import SyncModel

/// The data model as the replica has it, read once for each text.
struct ModelReading {
    private var text: String?
    private var outcome: Result<DataModel, DataModelError>?

    mutating func model(of text: String) throws(DataModelError) -> DataModel {
        if let outcome, self.text == text { return try outcome.get() }
        let read = Result { () throws(DataModelError) in try DataModel(yaml: text, file: "the service's data model") }
        self.text = text
        outcome = read
        return try read.get()
    }
}

/// The data model against the database's schema: what names mean.
struct Names {
    let model: DataModel
    let schema: DatabaseSchema
}

extension DaemonCore {
    func names() throws(ResponseError) -> Names {
        guard let schema = replica.schema else {
            throw ResponseError(
                .schemaUnknown,
                "The service has not been reached yet, and the names of shapes and views come from there: try again when "
                    + "the daemon is connected, or give a plain definition.")
        }
        guard let text = replica.dataModel else {
            // Maybe it has one by now.
            sync(.schemaDoubted)
            throw ResponseError(
                .invalidShape,
                "The service has no data model, so no shape or view has a name: start it with --model FILE.")
        }
        do throws(DataModelError) {
            return Names(model: try modelReading.model(of: text), schema: schema)
        } catch {
            throw ResponseError(
                .invalidShape, "This daemon cannot read the data model, which may be newer: update it. (\(error))")
        }
    }

    /// Runs what a name may be wrong in.
    func naming<Value>(
        _ body: (Names) throws(ShapeError) -> Value
    ) throws(ResponseError) -> Value {
        let names = try names()
        do throws(ShapeError) {
            return try body(names)
        } catch {
            // The service may have another model since it was asked last.
            sync(.schemaDoubted)
            throw ResponseError(error)
        }
    }

    /// Plain definitions need no data model, so they are taken before the service was ever reached.
    func definition(_ json: JSON) throws(ResponseError) -> ShapeDefinition {
        if DataModel.isNeeded(for: json) {
            return try naming { names throws(ShapeError) in try names.model.definition(json, in: names.schema) }
        }
        do throws(ShapeError) {
            return try ShapeDefinition(json: json)
        } catch {
            throw ResponseError(error)
        }
    }
}
