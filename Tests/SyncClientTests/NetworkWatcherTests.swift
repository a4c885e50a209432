import SyncClient
import Testing

@Suite struct NetworkWatcherTests {
    @Test func startsAndStopsAtOnce() throws {
        for _ in 1...20 {
            let watcher = try NetworkWatcher { _ in }
            watcher.stop()
            watcher.stop()
        }
    }
}
