import JSONText

/// What the data model has names for.
package enum ListViews: RequestMethod {
    package static let method = "view/list"
    package typealias Params = Nothing

    package struct Parameter: Hashable, Sendable {
        package let name: String
        /// PostgreSQL's name.
        package let type: String

        package init(name: String, type: String) {
            self.name = name
            self.type = type
        }
    }

    package struct Shape: WireValue {
        package let name: String
        /// For people.
        package let about: String?
        package let parameters: [Parameter]

        package init(name: String, about: String? = nil, parameters: [Parameter]) {
            self.name = name
            self.about = about
            self.parameters = parameters
        }
    }

    package struct View: WireValue {
        package let name: String
        package let about: String?
        package let parameters: [Parameter]
        /// Names of shapes.
        package let shapes: [String]

        package init(name: String, about: String? = nil, parameters: [Parameter], shapes: [String]) {
            self.name = name
            self.about = about
            self.parameters = parameters
            self.shapes = shapes
        }
    }

    package struct Entered: WireValue {
        package let name: String
        package let parameters: JSONObject

        package init(name: String, parameters: JSONObject) {
            self.name = name
            self.parameters = parameters
        }
    }

    package struct Result: WireValue {
        package let views: [View]
        package let shapes: [Shape]
        /// The view that was entered last on this device, and not left since.
        package let entered: Entered?

        package init(views: [View], shapes: [Shape], entered: Entered? = nil) {
            self.views = views
            self.shapes = shapes
            self.entered = entered
        }
    }

    fileprivate static func parameters(_ reader: inout MemberReader) throws(WireError) -> [Parameter] {
        try reader.required("parameters", Read.map(Read.string)).map { Parameter(name: $0.name, type: $0.value) }
    }

    fileprivate static func json(_ parameters: [Parameter]) -> JSON {
        .object(JSONObject(parameters.map { ($0.name, .string($0.type)) }))
    }
}

extension ListViews.Shape {
    package init(json: JSON) throws(WireError) {
        var reader = try MemberReader(json)
        name = try reader.required("name", Read.string)
        about = try reader.optional("description", Read.string)
        parameters = try ListViews.parameters(&reader)
    }

    package var json: JSON {
        var object: JSONObject = ["name": .string(name)]
        object["description"] = about.map(JSON.string)
        object["parameters"] = ListViews.json(parameters)
        return .object(object)
    }
}

extension ListViews.View {
    package init(json: JSON) throws(WireError) {
        var reader = try MemberReader(json)
        name = try reader.required("name", Read.string)
        about = try reader.optional("description", Read.string)
        parameters = try ListViews.parameters(&reader)
        shapes = try reader.required("shapes", Read.array(Read.string))
    }

    package var json: JSON {
        var object: JSONObject = ["name": .string(name)]
        object["description"] = about.map(JSON.string)
        object["parameters"] = ListViews.json(parameters)
        object["shapes"] = .array(shapes.map(JSON.string))
        return .object(object)
    }
}

extension ListViews.Entered {
    package init(json: JSON) throws(WireError) {
        var reader = try MemberReader(json)
        name = try reader.required("name", Read.string)
        parameters = try reader.required("parameters", Read.object).object ?? [:]
    }

    package var json: JSON { ["name": .string(name), "parameters": .object(parameters)] }
}

extension ListViews.Result {
    package init(json: JSON) throws(WireError) {
        var reader = try MemberReader(json)
        views = try reader.required("views", Read.array(Read.value(ListViews.View.self)))
        shapes = try reader.required("shapes", Read.array(Read.value(ListViews.Shape.self)))
        entered = try reader.optional("entered", Read.value(ListViews.Entered.self))
    }

    package var json: JSON {
        var object: JSONObject = [
            "views": .array(views.map(\.json)), "shapes": .array(shapes.map(\.json)),
        ]
        object["entered"] = entered?.json
        return .object(object)
    }
}
