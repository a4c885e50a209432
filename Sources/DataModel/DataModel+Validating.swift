import JSONText
import Shapes
import SyncModel

/// What of shapes, views and children can only be told with the database at hand.
extension DataModel {
    func validateShapes(against schema: DatabaseSchema) throws(DataModelError) {
        for table in tables.sorted(by: { $0.line < $1.line }) {
            for child in table.children ?? [] { try validate(child, of: table.name, in: schema) }
        }
        let children = childTables(in: schema)
        for shape in shapes {
            try validate(shape.parameters, of: shape.name, shape.lines, in: schema)
            do throws(ShapeError) {
                _ = try Shape(resolving: shape.template.sample(children: children), in: schema)
            } catch {
                throw failure(error, in: shape)
            }
        }
        for view in views {
            for part in view.parts { try validate(part, of: view, in: schema) }
        }
    }

    private func validate(
        _ child: ChildModel, of table: TableName, in schema: DatabaseSchema
    ) throws(DataModelError) {
        guard let found = schema[child.name] else {
            throw unpublished(child.name, line: child.line, in: schema)
        }
        guard found.foreignKeys.contains(where: { $0.references == table }) else {
            throw DataModelError(
                file: file, line: child.line,
                message: "\(child.name) is no child of \(table): it has no foreign key that refers to it")
        }
    }

    private func validate(
        _ parameters: [ShapeParameter], of name: String, _ lines: MemberLines, in schema: DatabaseSchema
    ) throws(DataModelError) {
        for parameter in parameters where !parameter.type.isKnown(in: schema) {
            throw DataModelError(
                file: file, line: lines.line(of: "parameters.\(parameter.name)"),
                message:
                    "\(name): the parameter `\(parameter.name)` is of type \(parameter.type.text), which conditions do not know"
            )
        }
    }

    /// Values that the file itself gives; the view's parameters are of the shapes' types, which was checked.
    private func validate(
        _ part: NamedView.Part, of view: NamedView, in schema: DatabaseSchema
    ) throws(DataModelError) {
        let parameters = shape(named: part.shape)?.parameters ?? []
        for argument in part.arguments {
            guard case .given(let json) = argument.value, let parameter = parameters.named(argument.name) else {
                continue
            }
            do throws(ShapeError) {
                _ = try parameter.value(of: json, in: schema)
            } catch {
                throw DataModelError(file: file, line: part.line, message: "view \(view.name): \(error.message)")
            }
        }
    }

    private func failure(_ error: ShapeError, in shape: NamedShape) -> DataModelError {
        let field = error.field == "table" ? "root_table" : error.field ?? ""
        // A location counts from the start of the condition after `$name` was replaced: the line says more.
        // Types that do not fit are told without the names.
        let isTyped = error.code == .badCondition && !shape.parameters.isEmpty
        let hint = isTyped ? "; its parameters: \(shape.parameters.list)" : ""
        return DataModelError(
            file: file, line: shape.lines.line(of: field),
            message: "shape \(shape.name): \(field.isEmpty ? "" : "\(field): ")\(error.problem)\(hint)")
    }
}
