/// The status is another one now.
package enum SyncStatusChanged: NotificationMethod {
    package static let method = "sync/statusChanged"
    package typealias Params = SyncStatus
}
