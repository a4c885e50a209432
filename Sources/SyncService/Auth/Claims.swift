import JWTKit
import JSONText
import SyncModel

/// The claims of a token, as read rules take them: by name, in PostgreSQL's text form.
struct Claims: JWTPayload {
    /// Who it is: `sub`, or `user_id` in a token without one.
    let user: String
    private let expiration: ExpirationClaim
    /// `user_id` is always the user. A claim that is null is not there.
    let texts: [Text: Text]

    private enum CodingKeys: String, CodingKey {
        case sub, exp
        case userID = "user_id"
    }

    init(from decoder: any Decoder) throws {
        let registered = try decoder.container(keyedBy: CodingKeys.self)
        expiration = try registered.decode(ExpirationClaim.self, forKey: .exp)
        if registered.contains(.sub) {
            user = try registered.decode(String.self, forKey: .sub)
        } else {
            user = try registered.decode(String.self, forKey: .userID)
        }
        var texts: [Text: Text] = [:]
        for (name, claim) in try decoder.singleValueContainer().decode([String: ClaimValue].self) {
            texts[Text(name)] = claim.text
        }
        texts[Self.userID] = Text(user)
        self.texts = texts
    }

    static let userID: Text = "user_id"

    func encode(to encoder: any Encoder) throws {
        throw EncodingError.invalidValue(
            self, EncodingError.Context(codingPath: [], debugDescription: "tokens are only read here"))
    }

    func verify(using algorithm: some JWTAlgorithm) throws {
        try expiration.verifyNotExpired()
    }
}

/// One claim: a scalar, a list of scalars (an array in PostgreSQL), or anything else as JSON.
private enum ClaimValue: Decodable {
    case null
    case scalar(String)
    case text(String)
    case list([ClaimValue])
    case object([String: ClaimValue])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let flag = try? container.decode(Bool.self) {
            self = .scalar(flag ? "true" : "false")
        } else if let integer = try? container.decode(Int64.self) {
            self = .scalar(String(integer))
        } else if let number = try? container.decode(Double.self) {
            self = .scalar(String(number))
        } else if let text = try? container.decode(String.self) {
            self = .text(text)
        } else if let list = try? container.decode([ClaimValue].self) {
            self = .list(list)
        } else {
            self = .object(try container.decode([String: ClaimValue].self))
        }
    }

    var text: Text? {
        switch self {
        case .null: nil
        case .scalar(let text), .text(let text): Text(text)
        case .list(let items):
            items.contains { $0.isNested }
                ? Text(json.text) : Text("{" + items.map(\.element).joined(separator: ",") + "}")
        case .object: Text(json.text)
        }
    }

    private var isNested: Bool {
        switch self {
        case .list, .object: true
        case .null, .scalar, .text: false
        }
    }

    /// As an element of PostgreSQL's `{…}`.
    private var element: String {
        guard let text else { return "NULL" }
        let escaped = text.string.unicodeScalars.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : String($0) }
        return "\"\(escaped.joined())\""
    }

    private var json: JSON {
        switch self {
        case .null: .null
        case .scalar(let text): (try? JSON(parsing: text)) ?? .string(text)
        case .text(let text): .string(text)
        case .list(let items): .array(items.map(\.json))
        case .object(let members):
            // Sorted, because the claim's text is part of a shape's identity.
            .object(JSONObject(members.sorted { Text($0.key) < Text($1.key) }.map { ($0.key, $0.value.json) }))
        }
    }
}
