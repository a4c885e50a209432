import DaemonProtocol
import Foundation
import JSONRPC
import JSONText
import Testing

/// Swift types, `Protocol/daemon.json` and `Protocol/daemon.md` say the same.
@Suite struct DaemonProtocolTests {
    private let description: ProtocolDescription
    private let prose: String

    init() throws {
        description = try ProtocolDescription()
        prose = try String(contentsOfFile: ProtocolDescription.folder + "/daemon.md", encoding: .utf8)
    }

    private var registered: [String] {
        Registry.requests.map { $0.method }
            + (Registry.clientNotifications + Registry.daemonNotifications).map { $0.method }
    }

    @Test func theDescriptionHasExactlyTheRegisteredMethods() {
        #expect(Set(registered).count == registered.count)
        #expect(description.methods.map(\.name).sorted() == registered.sorted())
        #expect(
            description.methods.filter(\.isRequest).map(\.name).sorted()
                == Registry.requests.map { $0.method }.sorted()
        )
        #expect(
            description.methods.filter { !$0.isFromClient }.map(\.name).sorted()
                == Registry.daemonNotifications.map { $0.method }.sorted())
    }

    @Test func theProseHasExactlyTheRegisteredMethods() {
        // In prose a method is the first word between back quotes.
        let quoted = prose.split(separator: "`", omittingEmptySubsequences: false).enumerated()
            .filter { $0.offset % 2 == 1 }.compactMap { $0.element.split(separator: " ").first }.map(
                String.init)
        let lifecycle = ["initialize", "initialized", "shutdown", "exit"]
        let methods = quoted.filter {
            lifecycle.contains($0) || $0.wholeMatch(of: /(\$|[a-z]+)\/[a-zA-Z]+/) != nil
        }
        #expect(Set(methods).sorted() == registered.sorted())
    }

    @Test func theErrorsAreTheSameEverywhere() {
        let described = description.errors.map { "\($0.code) \($0.name) \($0.isRetryable)" }
        let ours =
            ProtocolErrorCode.allCases.filter { $0.rawValue < 0 }.map { "\($0.rawValue) \($0.name) false" }
            + DaemonErrorCode.allCases.map { "\($0.rawValue) \($0.name) \($0.isRetryable)" }
        #expect(described.sorted() == ours.sorted())
        #expect(ProtocolErrorCode.tooLarge.rawValue == DaemonErrorCode.tooLarge.rawValue)
        #expect(ProtocolErrorCode.tooLarge.name == DaemonErrorCode.tooLarge.name)
        for error in description.errors { #expect(prose.contains("| \(error.code) | `\(error.name)` |")) }
        let rows = prose.matches(of: /\n\| -?\d+ \| `/).count
        #expect(rows == description.errors.count)
        for method in description.methods {
            for error in method.errors {
                #expect(description.errors.contains { $0.name == error }, "\(error)")
            }
        }
    }

    @Test func everyErrorCarriesItsCodeAndWhetherToTryAgain() {
        for code in DaemonErrorCode.allCases {
            let error = ResponseError(code, "x")
            #expect(error.data == ["code": .string(code.name), "retryable": .bool(code.isRetryable)])
        }
        for code in ProtocolErrorCode.allCases {
            #expect(ResponseError(code, "x").data == ["code": .string(code.name), "retryable": false])
        }
    }

    @Test func everyExampleIsOfItsType() {
        var count = 0
        for type in description.types {
            #expect(!type.examples.isEmpty, "\(type.name) has no example")
            for example in type.examples {
                #expect(description.mismatch(example, type.type) == nil, "\(type.name)")
                count += 1
            }
        }
        for method in description.methods {
            #expect(!method.examples("params").isEmpty, "\(method.name) has no example")
            for example in method.examples("params") {
                #expect(description.mismatch(example, method.params) == nil, "\(method.name)")
                count += 1
            }
            guard let result = method.result else { continue }
            #expect(!method.examples("result").isEmpty, "\(method.name) has no example")
            for example in method.examples("result") {
                #expect(description.mismatch(example, result) == nil, "\(method.name)")
                count += 1
            }
        }
        print("\(count) examples")
        #expect(count > 70)
    }

    @Test func theSwiftTypesReadAndWriteEveryExample() throws {
        for method in description.methods {
            let params = try paramsType(method.name)
            for example in method.examples("params") { try roundTrip(params, example, type: method.params) }
            guard let type = method.result else { continue }
            let result = try #require(resultType(method.name))
            for example in method.examples("result") { try roundTrip(result, example, type: type) }
        }
    }

    private func paramsType(_ method: String) throws -> any WireValue.Type {
        func request<M: RequestMethod>(_: M.Type) -> any WireValue.Type { M.Params.self }
        func notification<M: NotificationMethod>(_: M.Type) -> any WireValue.Type { M.Params.self }
        if let found = Registry.requests.first(where: { $0.method == method }) { return request(found) }
        let notifications = Registry.clientNotifications + Registry.daemonNotifications
        let found = try #require(notifications.first { $0.method == method })
        return notification(found)
    }

    private func resultType(_ method: String) -> (any WireValue.Type)? {
        func result<M: RequestMethod>(_: M.Type) -> any WireValue.Type { M.Result.self }
        return Registry.requests.first { $0.method == method }.map { result($0) }
    }

    private func roundTrip<T: WireValue>(_: T.Type, _ example: JSON, type: JSON) throws {
        let value = try T(json: example)
        #expect(try T(json: value.json) == value)
        #expect(description.mismatch(value.json, type) == nil)
        // What is written says at least what was read (it may spell out defaults).
        for member in example.object?.members ?? [] where member.value != false {
            #expect(value.json[member.key] == member.value, "\(T.self).\(member.key)")
        }
    }

    /// Every example with one member dropped, added or of another kind: the Swift types take exactly what the
    /// description allows. Results are read leniently, so that an older client understands a newer daemon.
    @Test func theSwiftTypesTakeExactlyWhatTheDescriptionAllows() throws {
        var taken = 0
        var refused = 0
        for method in description.methods {
            let isStrict = method.isFromClient
            let type = try paramsType(method.name)
            for example in method.examples("params") {
                for variant in variants(of: example) {
                    let mayBe = description.mismatch(variant, method.params) == nil
                    let isTaken = accepts(type, variant)
                    if isTaken { taken += 1 } else { refused += 1 }
                    if isStrict {
                        #expect(
                            isTaken == mayBe || Self.isFiner(method.name, variant),
                            "\(method.name) \(variant)")
                    }
                    if mayBe, !Self.isFiner(method.name, variant) {
                        #expect(isTaken, "\(method.name) \(variant)")
                    }
                }
            }
            guard let result = method.result, let type = resultType(method.name) else { continue }
            for example in method.examples("result") {
                for variant in variants(of: example)
                where description.mismatch(variant, result) == nil && !Self.isFiner("", variant) {
                    let isTaken = accepts(type, variant)
                    #expect(isTaken, "\(method.name) \(variant)")
                    taken += 1
                }
            }
        }
        print("\(taken) variants taken, \(refused) refused")
        #expect(taken > 100)
        #expect(refused > 200)
    }

    /// Rules that the type language cannot say: ranges, lists and keys that are not empty, one member or the other.
    private static func isFiner(_ method: String, _ json: JSON) -> Bool {
        if ["\"key\":{}", "\"major\":-1", "\"minor\":-1"].contains(where: json.text.contains) { return true }
        if json["operations"] == [] { return true }
        if ["limit", "wait", "timeout"].contains(where: { json[$0]?.int.map { $0 < 0 } == true }) {
            return true
        }
        if method == "shape/forget", (json["shape"] == nil) != (json["unused"] == true) { return true }
        return ["shape/read", "shape/explain"].contains(method)
            && (json["definition"] == nil) == (json["subscription"] == nil)
    }

    private func accepts<T: WireValue>(_: T.Type, _ json: JSON) -> Bool { (try? T(json: json)) != nil }

    private static let kinds: [JSON] = [true, 7, -1, 1.5, "x", [], [:], ["x"], [7], ["x": "y"], ["x": 7]]

    private func variants(of json: JSON) -> [JSON] {
        var variants = [json]
        switch json {
        case .object(let object):
            for member in object.members {
                var without = object
                without[member.key] = nil
                variants.append(.object(without))
                for other in Self.kinds + self.variants(of: member.value) {
                    var changed = object
                    changed[member.key] = other
                    variants.append(.object(changed))
                }
            }
            var extended = object
            extended["unknown member"] = 1
            variants.append(.object(extended))
        case .array(let elements):
            for index in elements.indices {
                for other in Self.kinds + self.variants(of: elements[index]) {
                    var changed = elements
                    changed[index] = other
                    variants.append(.array(changed))
                }
            }
        case .null, .bool, .int, .double, .string: break
        }
        return variants
    }
}
