import SyncModel
import SyncProtocol
import Testing

@Suite struct ServiceErrorTests {
    @Test(arguments: ServiceError.Code.allCases)
    func everyCodeComesBack(code: ServiceError.Code) {
        let error = ServiceError(code, "do this", epoch: Epoch("7/1"), lastSeq: 3, expectedSeq: 4)
        #expect(ServiceError(status: code.status, body: error.body) == error)
    }

    @Test func aBodyThatIsNoErrorObjectGetsTheCodeOfItsStatus() {
        let page = [UInt8]("<html>".utf8)
        let unknown = [UInt8](#"{"error": {"code": "tea_pot", "message": "m", "retry": "never"}}"#.utf8)
        for body in [page, unknown, [], [UInt8]("[]".utf8)] {
            #expect(ServiceError(status: 401, body: body).code == .unauthorized)
            #expect(ServiceError(status: 413, body: body).code == .tooLarge)
            #expect(ServiceError(status: 429, body: body).code == .notReady)
            #expect(ServiceError(status: 502, body: body).code == .internal)
            #expect(ServiceError(status: 418, body: body).code == .badRequest)
        }
    }
}
