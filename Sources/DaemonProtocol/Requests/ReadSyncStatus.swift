/// How the device stands to the service.
package enum ReadSyncStatus: RequestMethod {
    package static let method = "sync/status"
    package typealias Params = Nothing
    package typealias Result = SyncStatus
}
