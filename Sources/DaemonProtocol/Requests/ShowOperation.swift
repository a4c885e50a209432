import JSONText
import SyncModel

/// One operation with its values, its verdict, and what it lost.
package enum ShowOperation: RequestMethod {
    package static let method = "operation/show"
    package typealias Result = OperationDetail

    package struct Params: WireValue {
        package let id: OperationID

        package init(id: OperationID) {
            self.id = id
        }

        package init(json: JSON) throws(WireError) {
            var reader = try MemberReader(json)
            id = OperationID(try reader.required("id", Read.string))
            try reader.finish()
        }

        package var json: JSON { ["id": .string(id.description)] }
    }
}
