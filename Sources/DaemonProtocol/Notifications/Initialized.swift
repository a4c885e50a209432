/// The client has read the answer to `initialize`.
package enum Initialized: NotificationMethod {
    package static let method = "initialized"
    package typealias Params = Nothing
}
