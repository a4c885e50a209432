import DataModel
import Foundation

extension ServiceOptions {
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
