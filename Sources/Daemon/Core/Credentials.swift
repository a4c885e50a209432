import Foundation
import SyncClient
import Synchronization

/// Who the daemon is to the service, as it stands now.
package final class Credentials: Sendable {
    private let file: String?
    private let current: Mutex<Identity>

    package init(_ identity: Identity, tokenFile: String? = nil) {
        file = tokenFile
        current = Mutex(identity)
    }

    package var identity: Identity { current.withLock { $0 } }

    /// A client brought a token. True when it is another one.
    func take(token: String) -> Bool {
        replace(.token(token))
    }

    /// The service refused the token: whoever renews it writes the file anew. True when it is another one.
    func reload() -> Bool {
        guard let file, let token = try? Self.read(file) else { return false }
        return replace(.token(token))
    }

    private func replace(_ next: Identity) -> Bool {
        current.withLock { identity in
            guard identity != next else { return false }
            identity = next
            return true
        }
    }

    /// The token is the file's content without white space around it.
    package static func read(_ file: String) throws(StartError) -> String {
        let text: String
        do {
            text = try String(contentsOfFile: file, encoding: .utf8)
        } catch {
            throw StartError(
                "The token file \(file) cannot be read: check that it exists and is yours.", isOfConfiguration: true)
        }
        let token = text.trimmingCharacters(in: .whitespacesAndNewlines)
        guard !token.isEmpty, token.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            throw StartError(
                "The token file \(file) holds no token: it must have one line of printable ASCII.",
                isOfConfiguration: true)
        }
        return token
    }
}
