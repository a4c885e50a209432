import JSONText
import SyncModel

/// A view of the data model with the values that it was entered with.
package struct EnteredView: Hashable, Sendable {
    package let name: String
    package let parameters: JSONObject

    package init(name: String, parameters: JSONObject) {
        self.name = name
        self.parameters = parameters
    }
}

/// What views brought: which one was entered last, and their shapes in the order in which they matter.
struct ViewMemory: Hashable {
    struct Entry: Hashable {
        let shape: Int64
        /// Held for views alone: it may go when it has not been looked at for long.
        var isOnlyForViews: Bool
    }

    /// nil once it was left.
    var entered: EnteredView?
    /// Shapes of views, those of the view that was entered last first.
    var entries: [Entry] = []

    func rank(of shape: Int64) -> Int { entries.firstIndex { $0.shape == shape } ?? entries.count }
}

extension ViewMemory {
    /// As the replica's file has it. What is not of the form is as if nothing had been entered: nothing but an order is
    /// lost.
    init(text: String) {
        guard let json = try? JSON(parsing: text) else { return }
        if let name = json["view"]?.string {
            entered = EnteredView(name: name, parameters: json["parameters"]?.object ?? [:])
        }
        for entry in json["shapes"]?.array ?? [] {
            guard let shape = entry[0]?.int, let isOnlyForViews = entry[1]?.bool else { continue }
            entries.append(Entry(shape: shape, isOnlyForViews: isOnlyForViews))
        }
    }

    var text: String {
        var object = JSONObject()
        object["view"] = entered.map { .string($0.name) }
        object["parameters"] = entered.map { .object($0.parameters) }
        object["shapes"] = .array(entries.map { [.int($0.shape), .bool($0.isOnlyForViews)] })
        return JSON.object(object).text
    }
}
