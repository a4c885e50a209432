/// Works offline until `sync/resume`, over restarts.
package enum PauseSync: RequestMethod {
    package static let method = "sync/pause"
    package typealias Params = Nothing
    package typealias Result = SyncStatus
}
