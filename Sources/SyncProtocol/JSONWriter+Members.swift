import JSONText
import SyncModel

/// Whole members at once, so that a message's code reads like the message.
extension JSONWriter {
    mutating func member(_ name: String, _ text: String) {
        key(name)
        string(text)
    }

    /// nil is written as null.
    mutating func member(_ name: String, _ text: String?) {
        key(name)
        if let text { string(text) } else { null() }
    }

    mutating func member(_ name: String, _ number: Int64) {
        key(name)
        int(number)
    }

    mutating func member(_ name: String, _ flag: Bool) {
        key(name)
        bool(flag)
    }

    mutating func member(_ name: String, _ list: [String]) {
        key(name)
        texts(list)
    }

    /// An absent value is left out.
    mutating func member(_ name: String, _ value: Value) {
        switch value {
        case .absent: break
        case .null:
            key(name)
            null()
        case .text(let text):
            key(name)
            string(text.string)
        }
    }

    mutating func texts(_ list: [String]) {
        beginArray()
        for text in list { string(text) }
        endArray()
    }
}
