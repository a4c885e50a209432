import SyncModel

/// A pipeline as rows, in the form that a file and the tables share. Steps: parents before children, siblings
/// in order.
package struct PipelineRows: Hashable, Sendable {
    package var pipeline: PipelineRow
    package var steps: [StepRow]
    package var connections: [ConnectionRow]

    package init(pipeline: PipelineRow, steps: [StepRow], connections: [ConnectionRow] = []) {
        self.pipeline = pipeline
        self.steps = steps
        self.connections = connections
    }
}

/// The columns of `pipelines` that a file determines.
package struct PipelineRow: Hashable, Sendable {
    package var id: String
    package var teamID: String
    package var name: Text
    package var description: Text?
    /// The file's `version`.
    package var yamlVersion: Text?
    /// Every other key of `workflow`; keys beside `workflow` under `PipelineRow.documentKey`.
    package var config: [Text: DataTree]
    package var defaults: DataTree?
    package var authentication: DataTree?
    package var tags: [Text]?

    package static let documentKey: Text = "$document"

    package init(
        id: String, teamID: String, name: Text, description: Text? = nil, yamlVersion: Text? = nil,
        config: [Text: DataTree] = [:], defaults: DataTree? = nil, authentication: DataTree? = nil,
        tags: [Text]? = nil
    ) {
        self.id = id
        self.teamID = teamID
        self.name = name
        self.description = description
        self.yamlVersion = yamlVersion
        self.config = config
        self.defaults = defaults
        self.authentication = authentication
        self.tags = tags
    }
}

/// The columns of `steps` that a file determines.
package struct StepRow: Hashable, Sendable {
    package var id: String
    package var pipelineID: String
    package var parentID: String?
    /// Among its siblings, from 0.
    package var orderIndex: Int
    package var name: Text
    package var type: Text
    package var enabled: Bool
    package var config: [Text: DataTree]

    package init(
        id: String, pipelineID: String, parentID: String? = nil, orderIndex: Int, name: Text, type: Text,
        enabled: Bool = true, config: [Text: DataTree] = [:]
    ) {
        self.id = id
        self.pipelineID = pipelineID
        self.parentID = parentID
        self.orderIndex = orderIndex
        self.name = name
        self.type = type
        self.enabled = enabled
        self.config = config
    }
}

/// A row of `connections`: what `to` takes from `from`.
package struct ConnectionRow: Hashable, Sendable {
    package var id: String
    package var pipelineID: String
    package var from: String
    package var to: String
    package var output: Text
    package var input: Text

    /// What a reference in a prompt joins: the response of one step, the prompt of another.
    package static let response: Text = "output"
    package static let prompt: Text = "input"

    package init(
        id: String, pipelineID: String, from: String, to: String, output: Text = response,
        input: Text = prompt
    ) {
        self.id = id
        self.pipelineID = pipelineID
        self.from = from
        self.to = to
        self.output = output
        self.input = input
    }
}
