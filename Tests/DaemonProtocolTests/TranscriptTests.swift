import DaemonProtocol
import Foundation
import JSONRPC
import JSONText
import Testing

@testable import TranscriptTesting

@Suite struct TranscriptTests {
    private let description: ProtocolDescription
    private let transcripts: [Transcript]

    init() throws {
        description = try ProtocolDescription()
        transcripts = try Transcript.load(folder: ProtocolDescription.folder + "/vectors")
    }

    private static func isForStub(_ need: Transcript.Need) -> Bool {
        switch need {
        case .session, .canned, .fault: true
        case .offline, .sample, .smallQueue, .onlineOnly, .fullDisk: false
        }
    }

    private func replay(_ peer: (Transcript) throws -> any TranscriptPeer) throws {
        var replayed = 0
        var matched = 0
        for transcript in transcripts where Self.isForStub(transcript.need) {
            for framing in transcript.framings {
                var runner = TranscriptRunner(transcript, framing: framing, peer: try peer(transcript))
                #expect(throws: Never.self) { try runner.run() }
                replayed += 1
                matched += runner.matched
            }
        }
        print("\(replayed) transcripts replayed, \(matched) messages as expected")
        #expect(replayed > 40)
        #expect(matched > 100)
    }

    @Test func sessionAndParametersAnswerAsTheTranscriptsSay() throws {
        try replay { StubPeer(StubDaemon(description: description, isFaulty: $0.need == .fault)) }
    }

    @Test func theSameOverASocket() throws {
        try replay { transcript in
            let (server, client) = try socketPair()
            let isFaulty = transcript.need == .fault
            Thread.detachNewThread { serve(server, isFaulty: isFaulty) }
            return DescriptorPeer(input: client, output: client)
        }
    }

    @Test func everyMethodAndEveryErrorOccurs() {
        var methods: Set<String> = []
        var errors: Set<String> = []
        for step in transcripts.flatMap(\.steps).map(\.step) {
            for message in step.sent + step.expected.map(\.json) {
                if let method = message["method"]?.string { methods.insert(method) }
                if let code = message["error"]?["data"]?["code"]?.string { errors.insert(code) }
            }
        }
        for method in description.methods {
            #expect(methods.contains(method.name), "no transcript has \(method.name)")
        }
        for error in description.errors {
            #expect(errors.contains(error.name), "no transcript has \(error.name)")
        }
    }

    /// What the transcripts that need data send and expect is of the described types, as far as it is spelled out.
    @Test func everyMessageIsOfItsType() throws {
        var checked = 0
        for transcript in transcripts {
            var methods: [JSON: String] = [:]
            for (line, step) in transcript.steps {
                for message in step.sent {
                    if let id = message["id"], let method = message["method"]?.string { methods[id] = method }
                }
                for pattern in step.expected.map(\.json) {
                    let place = "\(transcript), line \(line)"
                    if let name = pattern["method"]?.string {
                        let method = try #require(description.method(name), "\(place)")
                        checked += check(pattern["params"] ?? [:], method.params, place: place)
                    } else if let result = pattern["result"], let id = pattern["id"],
                        let type = description.method(methods[id] ?? "")?.result
                    {
                        checked += check(result, type, place: place)
                    } else if let error = pattern["error"], error.object != nil {
                        checked += check(error["data"] ?? nil, "ErrorData", place: place)
                        let described = description.errors.first {
                            .string($0.name) == error["data"]?["code"]
                        }
                        #expect(described.map { JSON.int(Int64($0.code)) } == error["code"], "\(place)")
                        #expect(
                            described.map { JSON.bool($0.isRetryable) } == error["data"]?["retryable"],
                            "\(place)")
                    }
                }
            }
        }
        print("\(checked) patterns checked")
        #expect(checked > 50)
    }

    @Test func patternsFitWhatTheySay() {
        func mismatch(_ pattern: JSON, _ value: JSON) -> String? {
            var remembered: [String: JSON] = ["known": 7]
            return Pattern(json: pattern).mismatch(value, remembered: &remembered)
        }
        #expect(mismatch(["a": "<integer>", "b": ["<string>", "..."]], ["b": ["x", 1, 2], "a": 1]) == nil)
        #expect(mismatch(["a": 1, "...": true], ["a": 1, "b": 2]) == nil)
        #expect(mismatch("<=known>", 7) == nil)
        #expect(mismatch(["a": "<integer>"], ["a": "1"]) != nil)
        #expect(mismatch(["a": 1], ["a": 1, "b": 2]) == "b: was not expected")
        #expect(mismatch(["a": 1], [:]) == "a: is missing")
        #expect(mismatch([1], [1, 2]) != nil)
        #expect(mismatch([1, "..."], []) != nil)
        #expect(mismatch("<=known>", 8) != nil)
        #expect(mismatch("<other>", "<other>") == nil)
        #expect(JSON.array(["<=known>", "<=unknown>"]).filled(from: ["known": 1]) == [1, "<=unknown>"])
    }

    /// The number of checks made: one.
    private func check(_ pattern: JSON, _ type: JSON, place: String) -> Int {
        guard let value = instance(of: pattern) else { return 0 }
        #expect(description.mismatch(value, type) == nil, "\(place)")
        return 1
    }

    /// A value that the pattern fits; nil where it leaves something open.
    private func instance(of pattern: JSON) -> JSON? {
        switch pattern {
        case .string(let text):
            guard let placeholder = Placeholder(text) else { return pattern }
            switch placeholder.kind {
            case .string, nil: return "x"
            case .integer, .number: return 1
            case .boolean: return true
            case .array: return []
            case .object, .any: return nil
            }
        case .array(let elements):
            let instances = elements.filter { $0 != "..." }.map { instance(of: $0) }
            return instances.contains(nil) ? nil : .array(instances.compactMap { $0 })
        case .object(let object):
            guard object["..."] == nil else { return nil }
            var members: [(String, JSON)] = []
            for member in object.members {
                guard let value = instance(of: member.value) else { return nil }
                members.append((member.key, value))
            }
            return .object(JSONObject(members))
        case .null, .bool, .int, .double: return pattern
        }
    }
}

private func socketPair() throws -> (Int32, Int32) {
    var ends: [Int32] = [-1, -1]
    guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0 else {
        throw TranscriptError("no sockets")
    }
    return (ends[0], ends[1])
}

/// The stub behind a descriptor, until it closes.
private func serve(_ descriptor: Int32, isFaulty: Bool) {
    guard let description = try? ProtocolDescription() else { return }
    let stub = StubDaemon(description: description, isFaulty: isFaulty)
    let peer = DescriptorPeer(input: descriptor, output: descriptor)
    while !stub.isClosed {
        guard let bytes = try? peer.read() else {
            stub.inputEnded()
            try? peer.write(stub.takeOutput())
            return
        }
        stub.received(bytes)
        try? peer.write(stub.takeOutput())
    }
}
