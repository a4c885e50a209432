import JSONRPC
import JSONText
import Testing

@Suite struct MessageTests {
    private func incoming(_ text: String) -> Incoming { Incoming(frame: Array(text.utf8)[...]) }

    private func reason(_ text: String) -> InvalidMessage? {
        if case .invalid(let message) = incoming(text) { message } else { nil }
    }

    @Test func readsRequestsNotificationsAndResponses() {
        #expect(
            incoming(#"{"jsonrpc":"2.0","id":1,"method":"m","params":{"a":1}}"#)
                == .message(.request(Request(id: 1, method: "m", params: ["a": 1]))))
        #expect(
            incoming(#"{"method":"m","id":"x","jsonrpc":"2.0","params":[1],"extra":0}"#)
                == .message(.request(Request(id: "x", method: "m", params: [1]))))
        #expect(
            incoming(#"{"jsonrpc":"2.0","method":"n","params":null}"#)
                == .message(.notification(Notification(method: "n"))))
        #expect(
            incoming(#"{"jsonrpc":"2.0","id":1,"result":2}"#)
                == .message(.response(Response(id: 1, result: 2))))
        #expect(
            incoming(#"{"jsonrpc":"2.0","id":null,"error":{"code":-1,"message":"x","data":[1]}}"#)
                == .message(
                    .response(Response(id: nil, error: ResponseError(code: -1, message: "x", data: [1])))))
    }

    @Test func saysWhatIsNoMessageAndForWhichRequest() {
        #expect(incoming("[]") == .batch)
        #expect(incoming("[{}]") == .batch)
        if case .notJSON = incoming("{") {} else { Issue.record("half an object is no JSON") }
        if case .notJSON = incoming("") {} else { Issue.record("nothing is no JSON") }
        #expect(reason("1")?.id == nil)
        #expect(
            reason(#"{"id":7,"method":"m"}"#)
                == InvalidMessage(id: 7, reason: #"The member jsonrpc must be "2.0"."#))
        #expect(reason(#"{"jsonrpc":2.0,"id":7,"method":"m"}"#)?.id == 7)
        #expect(
            reason(#"{"jsonrpc":"2.0","id":7,"method":1}"#)
                == InvalidMessage(id: 7, reason: "The member method must be a string."))
        #expect(reason(#"{"jsonrpc":"2.0","id":7}"#)?.id == 7)
        #expect(
            reason(#"{"jsonrpc":"2.0","id":1.5,"method":"m"}"#)
                == InvalidMessage(id: nil, reason: "The member id must be a string or an integer."))
        #expect(reason(#"{"jsonrpc":"2.0","id":null,"method":"m"}"#)?.id == nil)
        #expect(
            reason(#"{"jsonrpc":"2.0","id":7,"method":"m","params":"x"}"#)
                == InvalidMessage(id: 7, reason: "The member params must be an object."))
    }

    @Test func writesWhatItReads() {
        let messages: [([UInt8], Message)] = [
            (
                Request(id: 1, method: "m", params: ["a": "\n"]).serialized(),
                .request(Request(id: 1, method: "m", params: ["a": "\n"]))
            ),
            (Request(id: "é", method: "m").serialized(), .request(Request(id: "é", method: "m"))),
            (
                Notification(method: "n", params: []).serialized(),
                .notification(Notification(method: "n", params: []))
            ),
            (Response(id: 1, result: nil).serialized(), .response(Response(id: 1, result: nil))),
            (
                Response(id: nil, error: ResponseError(.parseError, "x")).serialized(),
                .response(Response(id: nil, error: ResponseError(.parseError, "x")))
            ),
        ]
        for (bytes, message) in messages {
            #expect(!bytes.contains(0x0a))
            #expect(Incoming(frame: bytes[...]) == .message(message))
        }
        #expect(
            String(
                decoding: Response(id: 3, error: ResponseError(.cancelled, "x")).serialized(), as: UTF8.self)
                == #"{"jsonrpc":"2.0","id":3,"error":{"code":-32800,"message":"x","data":{"code":"cancelled","retryable":false}}}"#
        )
    }

    @Test func idsAreEqualByKindAndBytes() {
        #expect(RequestID.int(1) != .string("1"))
        #expect(RequestID.string("\u{e9}") != .string("e\u{301}"))
        #expect(Set<RequestID>([1, 1, "1", "a"]).count == 3)
    }
}
