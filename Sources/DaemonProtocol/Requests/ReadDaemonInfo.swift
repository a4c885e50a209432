/// Who answers: the same as `initialize`.
package enum ReadDaemonInfo: RequestMethod {
    package static let method = "daemon/info"
    package typealias Params = Nothing
    package typealias Result = DaemonInfo
}
