import Foundation
import JSONRPC
import JSONText

struct TranscriptError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

/// One conversation of `Protocol/vectors/daemon-*.jsonl`. The format is in the README beside them.
struct Transcript: CustomStringConvertible {
    enum Need: String, CaseIterable {
        case session, canned, offline, sample, smallQueue, onlineOnly, fullDisk, fault
    }

    enum Step {
        case initialize
        case send(JSON)
        case sendTogether([JSON])
        case sendBytewise(JSON)
        case sendText(String)
        case sendBody(String)
        case expect(Pattern)
        case expectInAnyOrder([Pattern])
        case await(Pattern)
        case endInput
        case expectClose
    }

    let name: String
    let need: Need
    let framings: [Framing]
    /// Where it begins: `daemon-session.jsonl:17`.
    let place: String
    var steps: [(line: Int, step: Step)] = []

    var description: String { "\(place) \(name)" }
}

extension Transcript {
    /// All transcripts of a folder, by file name and line.
    static func load(folder: String) throws -> [Transcript] {
        let files = try FileManager.default.contentsOfDirectory(atPath: folder)
            .filter { $0.hasPrefix("daemon-") && $0.hasSuffix(".jsonl") }.sorted()
        return try files.flatMap { file in
            try parse(String(contentsOfFile: folder + "/" + file, encoding: .utf8), file: file)
        }
    }

    static func parse(_ text: String, file: String) throws -> [Transcript] {
        var transcripts: [Transcript] = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            guard !line.isEmpty else { continue }
            let place = "\(file):\(index + 1)"
            let json = try JSON(parsing: String(line))
            if json["vector"] != nil {
                transcripts.append(try Transcript(json, place: place))
            } else if transcripts.isEmpty {
                throw TranscriptError("\(place): a step before the first vector")
            } else {
                transcripts[transcripts.count - 1].steps.append((index + 1, try Step(json, place: place)))
            }
        }
        return transcripts
    }

    private init(_ json: JSON, place: String) throws {
        guard let name = json["vector"]?.string, let need = json["needs"]?.string.flatMap(Need.init) else {
            throw TranscriptError("\(place): a vector has a name and a need")
        }
        self.name = name
        self.need = need
        self.place = place
        switch json["framing"]?.string ?? "any" {
        case "any": framings = [.newline, .contentLength]
        case "newline": framings = [.newline]
        case "contentLength": framings = [.contentLength]
        default: throw TranscriptError("\(place): no such framing")
        }
    }
}

extension Transcript.Step {
    fileprivate init(_ json: JSON, place: String) throws {
        guard let member = json.object?.members.first, json.object?.count == 1 else {
            throw TranscriptError("\(place): a step has one member")
        }
        switch (member.key, member.value) {
        case ("initialize", true): self = .initialize
        case ("send", let message): self = .send(message.withVersion)
        case ("sendTogether", .array(let messages)): self = .sendTogether(messages.map(\.withVersion))
        case ("sendBytewise", let message): self = .sendBytewise(message.withVersion)
        case ("sendText", .string(let text)): self = .sendText(text)
        case ("sendBody", .string(let text)): self = .sendBody(text)
        case ("expect", let pattern): self = .expect(Pattern(json: pattern.withVersion))
        case ("expectInAnyOrder", .array(let patterns)):
            self = .expectInAnyOrder(patterns.map { Pattern(json: $0.withVersion) })
        case ("await", let pattern): self = .await(Pattern(json: pattern.withVersion))
        case ("endInput", true): self = .endInput
        case ("expectClose", true): self = .expectClose
        default: throw TranscriptError("\(place): there is no step \(member.key) of this kind")
        }
    }

    /// The messages that the step sends as JSON.
    var sent: [JSON] {
        switch self {
        case .send(let message), .sendBytewise(let message): [message]
        case .sendTogether(let messages): messages
        case .initialize:
            [
                ["jsonrpc": "2.0", "id": "init", "method": "initialize"],
                ["jsonrpc": "2.0", "method": "initialized"],
            ]
        case .sendText, .sendBody, .expect, .expectInAnyOrder, .await, .endInput, .expectClose: []
        }
    }

    var expected: [Pattern] {
        switch self {
        case .expect(let pattern), .await(let pattern): [pattern]
        case .expectInAnyOrder(let patterns): patterns
        case .initialize, .send, .sendTogether, .sendBytewise, .sendText, .sendBody, .endInput, .expectClose:
            []
        }
    }
}

extension JSON {
    fileprivate var withVersion: JSON {
        guard let object, object["jsonrpc"] == nil else { return self }
        return .object(JSONObject([("jsonrpc", "2.0")] + object.members.map { ($0.key, $0.value) }))
    }
}
