import JSONText

/// Ends the requests of a connection; `exit` follows. The session itself answers it.
package enum Shutdown: RequestMethod {
    package static let method = "shutdown"
    package typealias Params = Nothing

    /// `null`, as in the Language Server Protocol.
    package struct Result: WireValue {
        package init() {}

        package init(json: JSON) throws(WireError) {
            guard json.isNull else { throw WireError(problem: "must be null") }
        }

        package var json: JSON { .null }
    }
}
