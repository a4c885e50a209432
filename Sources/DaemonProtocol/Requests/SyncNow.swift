/// Contacts the service at once instead of at the next retry.
package enum SyncNow: RequestMethod {
    package static let method = "sync/now"
    package typealias Params = Nothing
    package typealias Result = SyncStatus
}
