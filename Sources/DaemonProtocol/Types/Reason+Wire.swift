import JSONText
import SyncModel

extension Reason: WireValue {
    package init(json: JSON) throws(WireError) {
        var reader = try MemberReader(json)
        self.init(
            code: try reader.required("code", Read.string),
            message: try reader.required("message", Read.string))
    }

    package var json: JSON { ["code": .string(code), "message": .string(message)] }
}
