import JSONText

/// A reader of `POST /v1/sync` that asks for shapes `bucket = n` of `item`.
final class SyncReader {
    private let http: HTTPStream
    private let replica: String
    /// Members of every definition, behind the first.
    private let more: String

    /// A shape, and how far it was read.
    struct Place {
        let bucket: Int
        let handle: String
        let offset: String
    }

    init(port: UInt16, replica: String, with more: String = "") throws {
        http = try HTTPStream(port: port)
        self.replica = replica
        self.more = more
    }

    /// Makes the shapes and reads them to their end, a hundred with each request.
    func open(_ buckets: Range<Int>) throws -> [Place] {
        var places: [Place] = []
        for start in stride(from: buckets.lowerBound, to: buckets.upperBound, by: 100) {
            let part = (start..<min(start + 100, buckets.upperBound)).map { ($0, "null", "-1") }
            places += try read(part, isBarrier: false)
        }
        return places
    }

    /// Returns when the service knows all that was committed before.
    func barrier(_ place: Place) throws -> [Place] {
        try read([(place.bucket, "\"\(place.handle)\"", place.offset)], isBarrier: true)
    }

    /// Sends a request that waits for a change, and leaves.
    func park(_ place: Place) throws {
        try http.send(
            "/v1/sync", body([(place.bucket, "\"\(place.handle)\"", place.offset)], isLive: true, isBarrier: false))
    }

    /// Asks again and again, as a device that is level does, until the last of the messages that come has this text.
    func follow(_ place: Place, until text: String) throws {
        var offset = place.offset
        while true {
            let shape = (place.bucket, "\"\(place.handle)\"", offset)
            let answer = try http.post("/v1/sync", body([shape], isLive: true, isBarrier: false))
            guard answer.status == 200 else {
                throw BenchError("/v1/sync: \(String(decoding: answer.body, as: UTF8.self))")
            }
            for line in answer.body.split(separator: 0x0a) {
                let json = try JSON(parsing: Array(line))
                if let ended = json["ended"] { throw BenchError("/v1/sync: \(ended.text)") }
                guard let reached = json["offset"]?.string else { continue }
                offset = reached
                if json["messages"]?.array?.last?.text.contains(text) == true { return }
            }
        }
    }

    private func read(_ shapes: [(Int, String, String)], isBarrier: Bool) throws -> [Place] {
        var left = shapes
        var places: [Int: Place] = [:]
        while !left.isEmpty {
            let answer = try http.post("/v1/sync", body(left, isLive: false, isBarrier: isBarrier))
            // The service lets nobody wait for a barrier for long.
            if answer.status == 503 { continue }
            guard answer.status == 200 else {
                throw BenchError("/v1/sync: \(String(decoding: answer.body, as: UTF8.self))")
            }
            var unfinished: Set<Int> = []
            for line in answer.body.split(separator: 0x0a) {
                let json = try JSON(parsing: Array(line))
                if let ended = json["ended"] { throw BenchError("/v1/sync: \(ended.text)") }
                guard let bucket = json["shape"]?.string.flatMap({ Int($0) }), let offset = json["offset"]?.string
                else { continue }
                let handle = json["handle"]?.string ?? places[bucket]?.handle ?? ""
                places[bucket] = Place(bucket: bucket, handle: handle, offset: offset)
                if json["more"]?.bool == true { unfinished.insert(bucket) } else { unfinished.remove(bucket) }
            }
            left = unfinished.sorted().compactMap { places[$0] }.map { ($0.bucket, "\"\($0.handle)\"", $0.offset) }
        }
        return shapes.map {
            places[$0.0] ?? Place(bucket: $0.0, handle: String($0.1.dropFirst().dropLast()), offset: $0.2)
        }
    }

    private func body(_ shapes: [(Int, String, String)], isLive: Bool, isBarrier: Bool) -> String {
        let list = shapes.map { bucket, handle, offset in
            #"{"id":"\#(bucket)","definition":{"root_table":"item","where":"bucket = \#(bucket)"\#(more)},"#
                + #""handle":\#(handle),"offset":"\#(offset)"}"#
        }
        return #"{"protocol":1,"replica":"\#(replica)","live":\#(isLive),"barrier":\#(isBarrier),"confirmed":0,"#
            + #""shapes":[\#(list.joined(separator: ","))]}"#
    }
}
