/// Closes the connection, at any time.
package enum Exit: NotificationMethod {
    package static let method = "exit"
    package typealias Params = Nothing
}
