import JSONText
import SyncModel

/// One response of Electric's wire, apart from how it is sent.
struct ElectricAnswer: Sendable {
    var status: Int
    var headers: [(name: String, value: String)]
    var body: [UInt8]

    static let exposedHeaders =
        "electric-cursor,electric-handle,electric-has-data,electric-offset,electric-schema,electric-up-to-date,"
        + "electric-internal-known-error,retry-after"

    /// For shapes under read rules: the asker's own cache keeps it, and asks each time whether it still may.
    static let privately = "private, no-cache"

    mutating func makePrivate() {
        headers.removeAll { $0.name == "cache-control" }
        headers.append(("cache-control", Self.privately))
    }

    /// `{"message": "Invalid request", "errors": {field: [message]}}`
    static func invalid(_ field: String, _ message: String) -> ElectricAnswer {
        let json: JSON = ["message": "Invalid request", "errors": [field: [.string(message)]]]
        return error(400, json)
    }

    static func error(_ status: Int, _ json: JSON) -> ElectricAnswer {
        ElectricAnswer(
            status: status, headers: [("cache-control", "no-store"), ("surrogate-control", "no-store")],
            body: json.serialized())
    }

    static func unavailable(_ message: String) -> ElectricAnswer {
        var answer = error(503, ["code": "stack_not_ready", "message": .string(message)])
        answer.headers.append(("retry-after", "5"))
        return answer
    }

    /// The asker, or a cache in between, has this very answer already.
    mutating func revalidate(ifNoneMatch tags: String?) {
        guard status == 200, let tags, let etag = headers.first(where: { $0.name == "etag" })?.value,
            tags.split(separator: ",").contains(where: { $0.drop(while: { $0 == " " }) == etag })
        else { return }
        status = 304
        body = []
        headers.removeAll { $0.name == "electric-schema" }
    }

    /// The log that the client follows is no more. With the handle of the new one where there is one already.
    static func mustRefetch(_ handle: ShapeHandle?) -> ElectricAnswer {
        let maxAge = handle == nil ? 1 : 60
        var answer = ElectricAnswer(
            status: 409, headers: [("cache-control", "public, max-age=\(maxAge), must-revalidate")],
            body: Array(#"[{"headers":{"control":"must-refetch"}}]"#.utf8))
        if let handle {
            answer.headers.append(("etag", "\"\(handle)::\""))
            answer.headers.append(("electric-handle", handle.description))
        }
        return answer
    }
}

/// Electric's cache-buster for live requests: it changes from one long-poll to the next.
enum ElectricCursor {
    /// 2024-10-09T00:00:00Z in seconds since 1970.
    private static let epoch: Int64 = 1_728_432_000

    /// `random` is in 1...3600.
    static func next(after previous: Int64?, now: Int64, holdSeconds: Int64, random: Int64) -> Int64 {
        guard holdSeconds > 0 else { return 0 }
        let elapsed = max(0, now - epoch)
        let rounded = (elapsed + holdSeconds - 1) / holdSeconds * holdSeconds
        if let previous, rounded <= previous { return previous + random }
        return rounded
    }
}
