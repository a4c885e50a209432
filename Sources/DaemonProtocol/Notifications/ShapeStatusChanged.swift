import JSONText
import SyncModel

/// A subscribed shape became live, lost its connection, or ended, or leaves out more or fewer rows.
package enum ShapeStatusChanged: NotificationMethod {
    package static let method = "shape/status"

    package struct Params: WireValue {
        package let subscription: String
        package let status: ShapeStatus
        package let reason: Reason?
        /// nil: none.
        package let failures: FailedRows?

        package init(
            subscription: String, status: ShapeStatus, reason: Reason? = nil, failures: FailedRows? = nil
        ) {
            self.subscription = subscription
            self.status = status
            self.reason = reason
            self.failures = failures
        }

        package init(json: JSON) throws(WireError) {
            var reader = try MemberReader(json)
            subscription = try reader.required("subscription", Read.string)
            status = try reader.required("status", Read.label(ShapeStatus.self))
            reason = try reader.optional("reason", Read.value(Reason.self))
            failures = try reader.optional("failures", Read.value(FailedRows.self))
        }

        package var json: JSON {
            var object: JSONObject = [
                "subscription": .string(subscription), "status": .string(status.rawValue),
            ]
            object["reason"] = reason?.json
            object["failures"] = failures?.json
            return .object(object)
        }
    }
}
