import JSONRPC
import JSONText

/// The client does not want an answer any more. The request is answered all the same, with -32800.
package enum CancelRequest: NotificationMethod {
    package static let method = "$/cancelRequest"

    package struct Params: WireValue {
        package let id: RequestID

        package init(id: RequestID) {
            self.id = id
        }

        package init(json: JSON) throws(WireError) {
            var reader = try MemberReader(json)
            id = try reader.required("id") { (json: JSON) throws(WireError) in
                guard let id = RequestID(json: json) else {
                    throw WireError(problem: "must be a string or an integer")
                }
                return id
            }
            try reader.finish()
        }

        package var json: JSON { ["id": id.json] }
    }
}
