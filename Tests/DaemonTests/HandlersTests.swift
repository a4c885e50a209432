import DaemonProtocol
import Testing

@testable import Daemon

@Suite struct HandlersTests {
    @Test func everyMethodOfTheProtocolHasExactlyOneHandler() {
        let declared = Registry.requests.map { $0.method }.filter { $0 != Shutdown.method }
        #expect(Handlers.all.map { $0.method } == declared)
        #expect(Handlers.table.count == Handlers.all.count)
    }
}
