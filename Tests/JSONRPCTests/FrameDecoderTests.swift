import JSONRPC
import SeededRandom
import Testing

@Suite struct FrameDecoderTests {
    private func frames(_ decoder: inout FrameDecoder) throws -> [String] {
        var frames: [String] = []
        while let frame = try decoder.next() { frames.append(String(decoding: frame, as: UTF8.self)) }
        return frames
    }

    private func frames(_ text: String, limits: FramingLimits = FramingLimits()) throws -> [String] {
        var decoder = FrameDecoder(limits: limits)
        decoder.feed(Array(text.utf8))
        return try frames(&decoder)
    }

    @Test func settlesTheFramingByTheFirstByte() throws {
        for (text, framing) in [
            ("C", Framing.contentLength), ("c", .contentLength), ("{", .newline), (" \r\n{", .newline),
            ("[", .newline),
            ("x", .newline),
        ] {
            var decoder = FrameDecoder()
            #expect(decoder.framing == nil)
            decoder.feed(Array(text.utf8))
            #expect(try decoder.next() == nil)
            #expect(decoder.framing == framing, "\(text)")
        }
    }

    @Test func cutsManyMessagesOfOneWrite() throws {
        #expect(try frames("{\"a\":1}\n\n{}\r\n  \n[]\nx\n{") == ["{\"a\":1}", "{}\r", "[]", "x"])
        #expect(
            try frames(
                "Content-Length: 2\r\n\r\n{}content-length:3\r\nContent-Type: x\r\n\r\n[1]Content-Length: 0\r\n\r\n"
            )
                == ["{}", "[1]", ""])
    }

    @Test(arguments: [Framing.contentLength, .newline])
    func cutsTheSameMessagesByteByByte(framing: Framing) throws {
        let messages = [
            "{\"id\":1}", "{\"text\":\"é\"}", "{}", "{\"long\":\"\(String(repeating: "x", count: 5000))\"}",
        ]
        var bytes: [UInt8] = []
        for message in messages { framing.append(Array(message.utf8), to: &bytes) }
        var decoder = FrameDecoder()
        var found: [String] = []
        for byte in bytes {
            decoder.feed([byte])
            found += try frames(&decoder)
        }
        #expect(found == messages)
        #expect(decoder.buffered == 0)
    }

    @Test func cutsTheSameMessagesAtRandomPlaces() throws {
        var cuts = 0
        for seed in 1...20 as ClosedRange<UInt64> {
            var random = SeededGenerator(seed: seed)
            for framing in [Framing.contentLength, .newline] {
                let messages = (0..<50).map { index in
                    "{\"id\":\(index),\"x\":\""
                        + String(repeating: "y", count: Int.random(in: 0..<300, using: &random))
                        + "\"}"
                }
                var bytes: [UInt8] = []
                for message in messages { framing.append(Array(message.utf8), to: &bytes) }
                var decoder = FrameDecoder()
                var found: [String] = []
                var rest = bytes[...]
                while !rest.isEmpty {
                    let piece = rest.prefix(Int.random(in: 1...400, using: &random))
                    rest = rest.dropFirst(piece.count)
                    decoder.feed(Array(piece))
                    if Bool.random(using: &random) { found += try frames(&decoder) }
                    cuts += 1
                }
                found += try frames(&decoder)
                #expect(found == messages, "seed \(seed) \(framing)")
            }
        }
        print("seeds 1...20: \(cuts) cuts")
        #expect(cuts > 1000)
    }

    @Test func framesOutliveTheNextFeed() throws {
        var decoder = FrameDecoder()
        decoder.feed(Array("{\"a\":1}\n".utf8))
        let frame = try #require(try decoder.next())
        decoder.feed(Array("{\"b\":2}\n".utf8))
        #expect(String(decoding: frame, as: UTF8.self) == "{\"a\":1}")
    }

    @Test(arguments: [
        ("Content-Length: 11\r\n\r\n", FramingError.messageTooLong(limit: 10)),
        ("Content-Length: 99999999999999999999999\r\n\r\n", .messageTooLong(limit: 10)),
        ("{\"a\": \"0123456789\"}\n", .messageTooLong(limit: 10)),
        ("{\"a\": \"0123456789", .messageTooLong(limit: 10)),
        ("C" + String(repeating: "x", count: 64), .headerTooLong(limit: 64)),
        (
            "Content-Length: 1\r\nX: " + String(repeating: "x", count: 64) + "\r\n\r\n",
            .headerTooLong(limit: 64)
        ),
        ("Content-Length: -1\r\n\r\n", .badHeader("Content-Length is no number.")),
        ("Content-Length: \r\n\r\n", .badHeader("Content-Length is no number.")),
        ("Content-Length: 1x\r\n\r\n", .badHeader("Content-Length is no number.")),
        ("Content-Type: x\r\n\r\n", .badHeader("The header has no Content-Length.")),
        (
            "Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
            .badHeader("The header has two different Content-Lengths.")
        ),
        ("Cx\r\n\r\n", .badHeader("A header line has no colon; expected Content-Length: BYTES.")),
    ])
    func refusesWhatLosesTheFraming(text: String, error: FramingError) {
        var decoder = FrameDecoder(limits: FramingLimits(header: 64, message: 10))
        decoder.feed(Array(text.utf8))
        #expect(throws: error) { try decoder.next() }
        decoder.feed(Array("{}\n".utf8))
        #expect(throws: error) { try decoder.next() }
        #expect(error.response.id == nil)
    }

    @Test func takesMessagesOfExactlyTheLimit() throws {
        let limits = FramingLimits(header: 64, message: 10)
        #expect(try frames("Content-Length: 10\r\n\r\n0123456789", limits: limits) == ["0123456789"])
        #expect(try frames("0123456789\n", limits: limits) == ["0123456789"])
    }
}
