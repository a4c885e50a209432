import SharedOptions

/// All options of `satchel-service`, decoded once: what the command line leaves out comes from the configuration
/// file, and what that leaves out has the value given here.
package struct ServiceOptions: Hashable, Sendable {
    package struct Listen: Hashable, Sendable {
        package var host = "127.0.0.1"
        /// 0: a free one.
        package var port = 7077
    }

    package struct Auth: Hashable, Sendable {
        package enum Mode: String, Sendable, CaseIterable { case secure, insecure }
        package var mode = Mode.insecure
        /// HS256 key, at least `minimumSecretBytes`; for `secure`.
        package var secret: String?

        package static let minimumSecretBytes = 32
    }

    package struct Limits: Hashable, Sendable {
        /// Bytes of a shape's snapshot, encoded.
        package var maxShapeSize = 1 << 30
        package var maxShapes = 10_000
        /// Of one device.
        package var maxShapesPerClient = ConfigurationFile.defaultClientShapes
    }

    package var listen = Listen()
    /// A libpq connection string; nil: a private cluster.
    package var database: String?
    /// The directory of the private cluster; nil: `postgres` under the state directory.
    package var privateCluster: String?
    package var stateDirectory = "satchel-service-state"
    /// Never empty. `setup` makes the first of them where it does not exist.
    package var publications = [Bookkeeping.defaultPublication]
    package var slot = "satchel"
    package var auth = Auth()
    /// Path of the data model's YAML file.
    package var dataModel: String?
    package var limits = Limits()
    /// Seconds that a shape is kept without being asked for (nil: a day; at least a minute), and that its first
    /// chunk may be taken from a cache (nil: what Electric's server says).
    package var shapeCacheSeconds: Int?
    /// Connections for operations.
    package var operationConnections = 4

    package init() {}
}

extension ServiceOptions.Listen {
    /// `HOST:PORT`; an IPv6 address stands in brackets. nil: it is neither.
    package init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        var name = text[..<colon]
        let digits = text[text.index(after: colon)...]
        guard let number = UInt16(digits), digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        if name.hasPrefix("["), name.hasSuffix("]") {
            name = name.dropFirst().dropLast()
        } else if name.contains(":") {
            return nil
        }
        guard !name.isEmpty else { return nil }
        self.init(host: String(name), port: Int(number))
    }

    /// Only this machine can reach it.
    package var isLoopback: Bool { ["127.0.0.1", "localhost", "::1"].contains(host) }
}

/// Why the service does not start. The message says what to do.
package struct OptionsError: Error, Hashable, CustomStringConvertible, Sendable {
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}
