import JSONText
import SyncModel
import SyncProtocol
import Testing

@Suite struct LimitsTests {
    private func operations(_ count: Int, value: String = "v") -> [UInt8] {
        let operations = (0..<count).map { index in
            SequencedOperation(
                seq: Int64(index + 1),
                operation: Operation(
                    id: OperationID("\(index)"), table: TableName(name: "t"), action: .update,
                    key: ["id": "a"],
                    set: ["c": .text(Text(value))], at: HybridTimestamp(microseconds: 1), base: 0))
        }
        return OperationsRequest(replica: ReplicaID("r"), epoch: nil, acknowledged: 0, operations: operations)
            .body
    }

    private func code(_ body: () throws -> Void) -> ServiceError.Code? {
        do {
            try body()
            return nil
        } catch {
            return (error as? ServiceError)?.code
        }
    }

    @Test func operationsPerRequestAreBounded() {
        let limit = ProtocolLimits.operationsPerRequest
        #expect(code { _ = try OperationsRequest(body: operations(limit)) } == nil)
        #expect(code { _ = try OperationsRequest(body: operations(limit + 1)) } == .tooLarge)
    }

    @Test func withdrawalsAreBounded() {
        func body(_ count: Int, _ message: String = "no") -> [UInt8] {
            let entries = (1...count).map { Withdrawal.Entry(seq: Int64($0), id: OperationID("\($0)")) }
            return OperationsRequest(
                replica: ReplicaID("r"), epoch: nil, acknowledged: 0, operations: [],
                withdrawal: Withdrawal(operations: entries, reason: VerdictReason.tooLarge.reason(message))
            ).body
        }
        let limit = ProtocolLimits.withdrawalsPerRequest
        #expect(code { _ = try OperationsRequest(body: body(limit)) } == nil)
        #expect(code { _ = try OperationsRequest(body: body(limit + 1)) } == .tooLarge)
        let message = String(repeating: "x", count: ProtocolLimits.reasonBytes)
        #expect(code { _ = try OperationsRequest(body: body(1, message)) } == nil)
        #expect(code { _ = try OperationsRequest(body: body(1, message + "x")) } == .tooLarge)
    }

    @Test func aValueIsBounded() {
        let limit = ProtocolLimits.valueBytes
        #expect(
            code {
                _ = try OperationsRequest(body: operations(1, value: String(repeating: "x", count: limit)))
            } == nil)
        let over = String(repeating: "x", count: limit + 1)
        #expect(code { _ = try OperationsRequest(body: operations(1, value: over)) } == .tooLarge)
    }

    @Test func aBodyIsBounded() {
        let body = [UInt8](repeating: UInt8(ascii: " "), count: ProtocolLimits.requestBytes + 1)
        #expect(code { _ = try SyncRequest(body: body) } == .tooLarge)
        #expect(code { _ = try OperationsRequest(body: body) } == .tooLarge)
    }

    @Test func shapesPerRequestAreBounded() {
        func body(_ count: Int) -> [UInt8] {
            let shapes = (0..<count).map { #"{"id":"\#($0)","definition":{"root_table":"t"}}"# }
            return [UInt8](#"{"protocol":1,"replica":"r","shapes":[\#(shapes.joined(separator: ","))]}"#.utf8)
        }
        #expect(code { _ = try SyncRequest(body: body(ProtocolLimits.shapesPerRequest)) } == nil)
        #expect(code { _ = try SyncRequest(body: body(ProtocolLimits.shapesPerRequest + 1)) } == .tooLarge)
    }

    @Test func anIdentifierIsBounded() {
        let long = String(repeating: "r", count: ProtocolLimits.identifierBytes + 1)
        let body = [UInt8](#"{"protocol":1,"replica":"\#(long)","shapes":[]}"#.utf8)
        #expect(code { _ = try SyncRequest(body: body) } == .tooLarge)
    }

    @Test func aShapeThatCannotBeReadDoesNotStopTheOthers() throws {
        let body = #"""
            {"protocol":1,"replica":"r","shapes":[{"id":"a","definition":{"root_table":"t","sorted":1}},
            {"id":"b","definition":{"root_table":"t"}}]}
            """#
        let request = try SyncRequest(body: [UInt8](body.utf8))
        #expect(request.shapes.map(\.id) == ["b"])
        #expect(request.refusals.map(\.id) == ["a"])
        #expect(request.refusals.first?.reason.message.contains("sorted") == true)
    }
}
