import Testing

@testable import JSONRPCTransport

@Suite struct OutboxTests {
    private func outbox(bytes: Int = 1000, messages: Int = 10) -> Outbox {
        Outbox(limits: OutboxLimits(bytes: bytes, messages: messages))
    }

    private func next(_ outbox: inout Outbox) -> ArraySlice<UInt8>? { outbox.nextBatch() }
    private func written(_ outbox: inout Outbox) -> Bool { outbox.batchWritten() }

    @Test func messagesThatComeTogetherShareABatch() {
        var outbox = outbox()
        outbox.append { $0 += [1, 2] }
        outbox.append { $0 += [3] }
        #expect(next(&outbox) == [1, 2, 3])
        #expect(next(&outbox) == nil)
        outbox.append { $0 += [4] }
        #expect(next(&outbox) == nil)
        #expect(!written(&outbox))
        #expect(next(&outbox) == [4])
        #expect(!outbox.isEmpty)
        #expect(!written(&outbox))
        #expect(outbox.isEmpty)
        #expect(next(&outbox) == nil)
    }

    @Test(arguments: [(100, 1), (10, 100)])
    func isFullAtEitherLimitAndDrainedAtHalf(count: Int, size: Int) {
        var outbox = outbox(bytes: 1000, messages: 100)
        for index in 0..<count {
            #expect(!outbox.isFull, "after \(index)")
            outbox.append { $0 += [UInt8](repeating: 7, count: size) }
        }
        #expect(outbox.isFull)
        #expect(next(&outbox)?.count == count * size)
        #expect(outbox.isFull)
        #expect(written(&outbox))
        #expect(!outbox.isFull)
    }

    @Test func aLongMessageIsWrittenInPieces() {
        var outbox = outbox(bytes: 8 << 20, messages: 100)
        let message = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0) }
        outbox.append { $0 += message }
        outbox.append { $0 += [1] }
        var written: [UInt8] = []
        var batches = 0
        while let batch = outbox.nextBatch() {
            written += batch
            batches += 1
            _ = outbox.batchWritten()
        }
        #expect(written == message + [1])
        #expect(batches == 5)
        #expect(outbox.isEmpty)
    }

    @Test func keepsTheOrderWhateverIsWrittenWhen() {
        var appended: [UInt8] = []
        var written: [UInt8] = []
        var outbox = outbox(bytes: 500, messages: 50)
        var timesFull = 0
        var state: UInt64 = 42
        for _ in 0..<20_000 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            if state >> 33 & 1 == 0, !outbox.isFull {
                let message = [UInt8](
                    repeating: UInt8(truncatingIfNeeded: state >> 40), count: Int(state >> 50 & 63) + 1)
                appended += message
                outbox.append { $0 += message }
                if outbox.isFull { timesFull += 1 }
            } else if let batch = outbox.nextBatch() {
                written += batch
                _ = outbox.batchWritten()
            }
        }
        while let batch = outbox.nextBatch() {
            written += batch
            _ = outbox.batchWritten()
        }
        print("seed 42: \(appended.count) bytes, full \(timesFull) times")
        #expect(written == appended)
        #expect(outbox.isEmpty)
        #expect(!outbox.isFull)
    }
}
