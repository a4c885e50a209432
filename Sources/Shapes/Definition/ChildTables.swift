import SyncModel

/// What `include_all` takes: the tables that the data model declares as children of others.
package struct ChildTables: Sendable {
    private let schema: DatabaseSchema
    private let declared: [TableName: [TableName]]

    /// - Parameter declared: children by their parent, in the order in which they are to stand.
    package init(declared: [TableName: [TableName]], schema: DatabaseSchema) {
        self.declared = declared
        self.schema = schema
    }

    /// nil where nothing is declared of the table.
    func children(of table: TableName) -> [TableName]? { declared[table] }

    /// The table that an include leads to; nil where it leads nowhere, which resolving the shape tells better.
    func table(of include: ShapeDefinition.Include, in parent: TableName) -> TableName? {
        guard let parent = schema[parent] else { return nil }
        let resolver = IncludeResolver(parent: parent, schema: schema)
        let hops = try? resolver.resolve(include)
        return (hops?.last?.table ?? resolver.table(named: include.name))?.name
    }
}
