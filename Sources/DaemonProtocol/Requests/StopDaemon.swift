/// Ends the process, as SIGTERM does.
package enum StopDaemon: RequestMethod {
    package static let method = "daemon/stop"
    package typealias Params = Nothing
    package typealias Result = Nothing
}
