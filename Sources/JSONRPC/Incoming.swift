import JSONText

/// What one frame turned out to be, before the session says what it means.
package enum Incoming: Hashable, Sendable {
    case message(Message)
    case batch
    case notJSON(reason: String)
    case invalid(InvalidMessage)

    package init(frame: ArraySlice<UInt8>) {
        do {
            let json = try frame.withUnsafeBufferPointer { try JSON(parsing: $0) }
            if case .array = json {
                self = .batch
            } else {
                self = .message(try Message(json: json))
            }
        } catch let error as InvalidMessage {
            self = .invalid(error)
        } catch let error as JSONError {
            self = .notJSON(reason: error.description)
        } catch {
            self = .notJSON(reason: "The message cannot be read.")
        }
    }
}
