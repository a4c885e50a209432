import JSONRPC
import JSONText

/// The other end of a transcript: a daemon, however it is reached. Calls block.
protocol TranscriptPeer: AnyObject {
    func write(_ bytes: [UInt8]) throws
    func endInput() throws
    /// Some bytes, at least one; nil once the daemon has closed. Throws when nothing comes for too long.
    func read() throws -> [UInt8]?
}

/// Replays one transcript and stops at the first step that does not go as written.
struct TranscriptRunner {
    private let transcript: Transcript
    private let framing: Framing
    private let peer: any TranscriptPeer
    private var decoder = FrameDecoder()
    private var remembered: [String: JSON] = [:]
    /// How many messages have come that some step asked for.
    private(set) var matched = 0

    init(_ transcript: Transcript, framing: Framing, peer: any TranscriptPeer) {
        self.transcript = transcript
        self.framing = framing
        self.peer = peer
    }

    mutating func run() throws {
        for (line, step) in transcript.steps {
            do {
                try run(step)
            } catch {
                throw TranscriptError("\(transcript) (\(framing)), line \(line): \(error)")
            }
        }
    }

    private mutating func run(_ step: Transcript.Step) throws {
        switch step {
        case .initialize:
            try send([["jsonrpc": "2.0", "id": "init", "method": "initialize", "params": [:]]])
            try expect([Pattern(json: ["jsonrpc": "2.0", "id": "init", "result": "<object>"])])
            try send([["jsonrpc": "2.0", "method": "initialized"]])
        case .send(let message): try send([message])
        case .sendTogether(let messages): try send(messages)
        case .sendBytewise(let message):
            for byte in framed(message.filled(from: remembered).serialized()) { try peer.write([byte]) }
        case .sendText(let text): try peer.write(Array(text.utf8))
        case .sendBody(let text): try peer.write(framed(Array(text.utf8)))
        case .expect(let pattern): try expect([pattern])
        case .expectInAnyOrder(let patterns): try expect(patterns)
        case .await(let pattern): try skip(to: pattern)
        case .endInput: try peer.endInput()
        case .expectClose:
            if let message = try next(includingNotifications: false) {
                throw TranscriptError("expected the end, got \(message)")
            }
        }
    }

    private func framed(_ message: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        framing.append(message, to: &bytes)
        return bytes
    }

    private func send(_ messages: [JSON]) throws {
        try peer.write(messages.flatMap { framed($0.filled(from: remembered).serialized()) })
    }

    /// The next message; nil at the end.
    private mutating func next(includingNotifications: Bool) throws -> JSON? {
        while true {
            guard let frame = try decoder.next() else {
                guard let bytes = try peer.read() else { return nil }
                decoder.feed(bytes)
                continue
            }
            let message = try JSON(parsing: Array(frame))
            if includingNotifications || message["method"] == nil { return message }
        }
    }

    private mutating func expect(_ patterns: [Pattern]) throws {
        var open = patterns
        let wantsNotifications = patterns.contains { $0.json["method"] != nil }
        while !open.isEmpty {
            guard let message = try next(includingNotifications: wantsNotifications) else {
                throw TranscriptError("the daemon closed; still expected: \(open.map(\.json))")
            }
            var reason = ""
            let place = open.firstIndex { pattern in
                // What a pattern that does not fit remembered must not count.
                var trial = remembered
                reason = pattern.mismatch(message, remembered: &trial) ?? ""
                if reason.isEmpty { remembered = trial }
                return reason.isEmpty
            }
            guard let place else { throw TranscriptError("\(reason) in \(message)") }
            open.remove(at: place)
            matched += 1
        }
    }

    private mutating func skip(to pattern: Pattern) throws {
        var skipped: [String] = []
        while let message = try next(includingNotifications: true) {
            var trial = remembered
            guard let reason = pattern.mismatch(message, remembered: &trial) else {
                remembered = trial
                matched += 1
                return
            }
            skipped.append("\(message) (\(reason))")
        }
        throw TranscriptError("the daemon closed before \(pattern.json) came; it sent \(skipped)")
    }
}
