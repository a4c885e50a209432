/// Ends `sync/pause`.
package enum ResumeSync: RequestMethod {
    package static let method = "sync/resume"
    package typealias Params = Nothing
    package typealias Result = SyncStatus
}
