import DataModel
import Foundation
import Shapes
import SyncModel

extension ServiceOptions {
    /// In `secure` mode nothing is served without a rule that says so.
    package func readRules(of model: DataModel?) -> ReadRules {
        let areNeeded = auth.mode == .secure
        return model?.readRules(areNeeded: areNeeded) ?? ReadRules([:], areNeeded: areNeeded)
    }

    /// By name.
    package func tablesWithoutReadRule(_ model: DataModel?, in schema: DatabaseSchema) -> [TableName] {
        let rules = readRules(of: model)
        return schema.tables.map(\.name).filter { rules[$0] == nil }
    }

    /// The data model file, read and checked for form; nil where none is named. Throws `OptionsError`, or
    /// `DataModelError` with the line.
    package func readDataModel() throws -> DataModel? {
        guard let path = dataModel else { return nil }
        let text: String
        do {
            text = try String(contentsOfFile: path, encoding: .utf8)
        } catch {
            throw OptionsError("The data model \(path) cannot be read: is it there, and UTF-8?")
        }
        return try DataModel(yaml: text, file: path)
    }
}
