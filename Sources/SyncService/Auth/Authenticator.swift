import HTTPTypes
import JWTKit
import SyncModel
import SyncProtocol

/// Who a request comes from.
package struct Person: Hashable, Sendable {
    package let name: String
    /// What read rules know of the person, by name, as text: `user_id`, and in `secure` mode every claim of the token.
    package let claims: [Text: Text]
}

/// Decides who is asking. `secure` verifies a token on every request; `insecure` believes what it is told, and
/// is only ever offered on loopback.
package struct Authenticator: Sendable {
    private enum Mode: Sendable {
        case insecure
        case secure(JWTKeyCollection)
    }

    private let mode: Mode

    package static let insecure = Authenticator(mode: .insecure)

    private init(mode: Mode) {
        self.mode = mode
    }

    /// HS256 with this secret, which MUST have at least 32 bytes: a shorter one can be guessed offline.
    package static func secure(secret: String) async throws -> Authenticator {
        guard secret.utf8.count >= 32 else { throw WeakSecret(bytes: secret.utf8.count) }
        let keys = JWTKeyCollection()
        await keys.add(hmac: HMACKey(from: secret), digestAlgorithm: .sha256)
        return Authenticator(mode: .secure(keys))
    }

    package struct WeakSecret: Error, CustomStringConvertible {
        let bytes: Int
        package var description: String {
            "electric.auth.jwt_secret has \(bytes) bytes: give it at least 32, for example from `openssl rand -base64 48`"
        }
    }

    private static let userHeader = HTTPField.Name(ServiceHeader.user)

    func person(_ headers: HTTPFields) async throws(ServiceError) -> Person {
        switch mode {
        case .insecure:
            let name = Self.userHeader.flatMap { headers[$0] } ?? "anonymous"
            guard !name.isEmpty, name.utf8.count <= ProtocolLimits.identifierBytes else {
                throw .badRequest("header satchel-user: 1 to \(ProtocolLimits.identifierBytes) bytes are wanted")
            }
            return Person(name: name, claims: [Claims.userID: Text(name)])
        case .secure(let keys):
            guard let header = headers[.authorization], header.lowercased().hasPrefix("bearer ") else {
                throw ServiceError(.unauthorized, "send `authorization: Bearer <token>`")
            }
            do {
                let claims = try await keys.verify(String(header.dropFirst(7)), as: Claims.self)
                return Person(name: claims.user, claims: claims.texts)
            } catch {
                // The reason is the library's; the token itself is never repeated.
                throw ServiceError(.unauthorized, "the token is not valid here or has expired: get a new one")
            }
        }
    }
}
