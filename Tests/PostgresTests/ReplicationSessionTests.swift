import PostgresTesting
import SyncModel
import Testing

@testable import Postgres

@Suite struct ReplicationSessionTests {
    private typealias Action = ReplicationSession.Action

    private func receive(_ bytes: [UInt8], _ session: inout ReplicationSession) throws -> [Action] {
        try bytes.withUnsafeBytes { try session.received($0) }
    }

    private func streaming(at position: UInt64 = 100) -> ReplicationSession {
        var session = ReplicationSession(startAt: LSN(position))
        _ = session.started()
        return session
    }

    private func status(_ written: UInt64, _ flushed: UInt64, asks: Bool = false) -> Action {
        .send(StandbyStatus(written: LSN(written), flushed: LSN(flushed), wantsReply: asks))
    }

    private func begin(_ position: UInt64) -> [UInt8] {
        Wire("B").uint64(position).uint64(0).uint32(7).inData
    }

    private func commit(_ position: UInt64, _ end: UInt64) -> [UInt8] {
        Wire("C").uint8(0).uint64(position).uint64(end).uint64(0).inData
    }

    @Test func aTransactionRaisesTheFrontierWhenItHasEnded() throws {
        var session = ReplicationSession(startAt: LSN(100))
        #expect(session.started() == [status(100, 0)])
        #expect(session.drained() == [])
        #expect(try receive(begin(120), &session).count == 1)
        #expect(session.drained() == [])
        // The server is past the commit already, and we are not.
        #expect(try receive(Wire.keepalive(140, wantsReply: true), &session) == [status(100, 0)])
        #expect(session.drained() == [])
        #expect(try receive(commit(120, 130), &session) == [.deliver(.commit(end: LSN(130)))])
        #expect(session.drained() == [.deliver(.frontier(LSN(129)))])
        #expect(session.drained() == [])
        #expect(session.flushed(LSN(129)) == [status(130, 130)])
    }

    @Test func aKeepaliveRaisesTheFrontierAndIsAnsweredWhenAsked() throws {
        var session = streaming()
        #expect(try receive(Wire.keepalive(200), &session) == [])
        #expect(session.drained() == [.deliver(.frontier(LSN(199)))])
        #expect(try receive(Wire.keepalive(210, wantsReply: true), &session) == [status(210, 0)])
        // A server starts where decoding has to begin, which may be earlier.
        #expect(try receive(Wire.keepalive(50), &session) == [])
        #expect(session.drained() == [.deliver(.frontier(LSN(209)))])
    }

    @Test func onlyWhatTheOwnerReportedIsFlushed() throws {
        var session = streaming()
        _ = try receive(Wire.keepalive(200), &session)
        #expect(try session.statusDue() == [status(200, 0)])
        #expect(session.flushed(LSN(149)) == [status(200, 150)])
        #expect(session.flushed(LSN(120)) == [])
        #expect(try session.statusDue() == [status(200, 150)])
    }

    @Test func aBusyStreamTellsItsFrontierToo() throws {
        var session = streaming()
        var frontiers = 0
        for index in 1...1000 {
            let position = UInt64(index) * 1000
            _ = try receive(begin(position), &session)
            let actions = try receive(commit(position, position + 10), &session)
            if actions.contains(.deliver(.frontier(LSN(position + 9)))) { frontiers += 1 }
        }
        #expect(frontiers == 3)
        #expect(session.drained() == [.deliver(.frontier(LSN(1_000_009)))])
    }

    @Test func aSilentServerIsAskedAndThenGivenUp() throws {
        var session = streaming()
        for _ in 1...3 { #expect(try session.statusDue() == [status(100, 0)]) }
        for _ in 4...6 { #expect(try session.statusDue() == [status(100, 0, asks: true)]) }
        let error = #expect(throws: PostgresError.self) { try session.statusDue() }
        #expect(error?.isRetryable == true)
        #expect(try session.statusDue() == [])
    }

    @Test func anySignOfLifeEndsTheSilence() throws {
        var session = streaming()
        for _ in 1...20 {
            for _ in 1...5 { _ = try session.statusDue() }
            _ = try receive(Wire.keepalive(100), &session)
        }
        #expect(try session.statusDue() == [status(100, 0)])
    }

    @Test func whatIsWantedEarlyIsSentAtTheStart() {
        var session = ReplicationSession(startAt: LSN(100))
        #expect(session.flushed(LSN(99)) == [])
        #expect(session.keepaliveWanted() == [])
        #expect(session.started() == [status(100, 100, asks: true)])
        #expect(session.keepaliveWanted() == [status(100, 100, asks: true)])
        #expect(session.stopRequested() == [status(100, 100), .close])
    }

    @Test func nothingHappensAfterTheEnd() throws {
        for isStarted in [false, true] {
            var session = ReplicationSession(startAt: LSN(100))
            if isStarted { _ = session.started() }
            #expect(session.stopRequested().last == .close)
            #expect(session.started() == [])
            #expect(try receive(Wire.keepalive(200), &session) == [])
            #expect(session.drained() == [])
            #expect(session.flushed(LSN(1)) == [])
            #expect(session.keepaliveWanted() == [])
            #expect(try session.statusDue() == [])
            #expect(session.stopRequested() == [])
        }
    }

    @Test func refusesDamagedMessages() {
        for bytes in [
            [], [0], Wire("k").uint64(1).bytes, Wire("w").uint64(1).bytes,
            Wire("w").uint64(0).uint64(0).uint64(0).bytes,
        ] {
            var session = streaming()
            let error = #expect(throws: PostgresError.self) { try receive(bytes, &session) }
            #expect(error?.code == .protocolViolation)
        }
    }

    @Test func statusIsWrittenAsTheProtocolWantsIt() {
        let bytes = StandbyStatus(written: LSN(0x0102), flushed: LSN(3), wantsReply: true)
            .encoded(now: postgresEpochMicroseconds + 4)
        #expect(bytes == Wire("r").uint64(0x0102).uint64(3).uint64(3).uint64(4).uint8(1).bytes)
    }
}
