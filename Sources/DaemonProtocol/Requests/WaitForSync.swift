import JSONText

/// Answers once the queue is empty and every shape has what PostgreSQL had committed when the request came.
package enum WaitForSync: RequestMethod {
    package static let method = "sync/wait"
    package typealias Result = SyncStatus

    package struct Params: WireValue {
        /// Milliseconds, then the error is `timeout`. nil: as long as it takes.
        package let timeout: Int?

        package init(timeout: Int? = nil) {
            self.timeout = timeout
        }

        package init(json: JSON) throws(WireError) {
            var reader = try MemberReader(json)
            timeout = try reader.optional("timeout", Read.int(0...Limits.wait))
            try reader.finish()
        }

        package var json: JSON {
            timeout.map { ["timeout": .int(Int64($0))] } ?? [:]
        }
    }
}
