import Foundation
import Glibc
import JSONRPC
import Testing

@testable import Daemon
@testable import TranscriptTesting

/// The golden transcripts of `Protocol/vectors`, against real processes over stdio and socket: those that need no
/// service.
@Suite struct TranscriptReplayTests {
    private static let folder =
        URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path + "/Protocol/vectors"

    private static func transcripts() throws -> [(Transcript, Framing)] {
        try Transcript.load(folder: folder).filter { isForBareDaemon($0.need) }
            .flatMap { transcript in transcript.framings.map { (transcript, $0) } }
    }

    /// The others need a service, or a daemon that is broken on purpose.
    private static func isForBareDaemon(_ need: Transcript.Need) -> Bool {
        switch need {
        case .session, .canned, .offline, .onlineOnly: true
        case .sample, .smallQueue, .fullDisk, .fault: false
        }
    }

    private func replay(_ command: String, _ transcript: Transcript, _ framing: Framing) throws -> Int {
        let directory = TestDirectory()
        let file = "\(directory.path)/file"
        try "".write(toFile: file)
        let state = transcript.need == .onlineOnly ? "\(file)/state" : "\(directory.path)/state"
        let process = try TestProcess(command, state: state, socket: "\(directory.path)/s")
        defer {
            process.kill(SIGKILL)
            _ = process.exitStatus()
        }
        let peer = command == "stdio" ? process.stdioPeer() : try process.socketPeer()
        var runner = TranscriptRunner(transcript, framing: framing, peer: peer)
        try runner.run()
        return runner.matched
    }

    @Test(arguments: ["stdio", "run"])
    func aRealDaemonAnswersAsTheTranscriptsSay(_ command: String) throws {
        var replayed = 0
        var matched = 0
        for (transcript, framing) in try Self.transcripts() {
            do {
                matched += try replay(command, transcript, framing)
            } catch {
                Issue.record(error)
            }
            replayed += 1
        }
        print("\(command): \(replayed) transcripts replayed, \(matched) messages as expected")
        #expect(replayed > 40)
        #expect(matched > 100)
    }
}
