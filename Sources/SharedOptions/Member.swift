extension ConfigurationFile {
    /// A member that is no section.
    package struct Member: Sendable {
        package let path: String
        let form: Form
        /// The program uses it; others it only checks.
        let isTaken: Bool

        package init(_ path: String, _ form: Form, isTaken: Bool = true) {
            self.path = path
            self.form = form
            self.isTaken = isTaken
        }
    }

    /// What may stand in a place of the file.
    package enum Form: Sendable {
        case text
        case whole(ClosedRange<Int>)
        case choice([String])
        /// One name or more.
        case names
        /// `wanted`: for the message.
        case other(wanted: String, isOne: @Sendable (String) -> Bool)
        /// Another program's own section.
        case anything

        /// Bytes, with a unit or without.
        package static let size = other(wanted: "a number of bytes, as 10MB, 512KB or 1048576") { ByteSize($0) != nil }

        /// What is wanted instead; nil where the value is one of the form. The value itself is not repeated: it may
        /// be a secret in a wrong place.
        func refusal(_ value: String) -> String? {
            switch self {
            case .anything: nil
            case .text, .names: value.isEmpty ? "not empty" : nil
            case .whole(let range):
                Int(value).map(range.contains) == true
                    ? nil : "a whole number from \(range.lowerBound) to \(range.upperBound)"
            case .choice(let known): known.contains(value) ? nil : "one of: \(known.joined(separator: ", "))"
            case .other(let wanted, let isOne): isOne(value) ? nil : wanted
            }
        }
    }

    /// Ranges that a flag checks too.
    package enum Ranges {
        /// `max_offline_queue`: each operation costs a lookup when rows under it change.
        package static let queue = 1...1_000_000
        /// `max_shapes_per_client`: a request of the stream names them all.
        package static let clientShapes = 1...1_000
        /// `shape_cache_ttl`: seconds. A shape is kept for a minute at least.
        package static let shapeCache = 60...Int(Int32.max)
        /// `sync_batch_size`: operations.
        package static let batch = 1...1_000
    }

    /// Where the file says nothing, in both programs: a device should hold no more than the service takes.
    package static let defaultClientShapes = 100

    package enum Program: Sendable { case service, daemon }

    /// The section `electric`, of which each program takes its part.
    package static func electric(for program: Program) -> [Member] {
        let service = program == .service
        return [
            Member("electric.database_url", .text, isTaken: service),
            Member("electric.auth.mode", .choice(["secure", "insecure"]), isTaken: service),
            Member("electric.auth.jwt_secret", .text, isTaken: service),
            Member("electric.replication.publications", .names, isTaken: service),
            Member("electric.replication.conflict_resolution.strategy", .choice(["lww_crdt"])),
            Member("electric.replication.conflict_resolution.clock_source", .choice(["hybrid_logical_clock"])),
            Member("electric.shapes.max_shape_size", .size, isTaken: service),
            Member("electric.shapes.shape_cache_ttl", .whole(Ranges.shapeCache), isTaken: service),
            Member("electric.shapes.max_shapes_per_client", .whole(Ranges.clientShapes)),
            Member("electric.client.max_offline_queue", .whole(Ranges.queue), isTaken: !service),
            Member("electric.client.sync_batch_size", .whole(Ranges.batch), isTaken: !service),
        ]
    }
}
