import SyncClient
import Testing

@Suite struct ServiceAddressTests {
    @Test func readsTheThreeForms() {
        let plain = ServiceAddress("http://example.org:8080/")
        #expect(plain?.origin == "http://example.org:8080")
        #expect(plain?.isSecure == false && plain?.isLocal == false)
        #expect(ServiceAddress("https://example.org")?.isSecure == true)
        let socket = ServiceAddress("unix:///run/satchel.sock")
        #expect(socket?.unixSocket == "/run/satchel.sock")
        #expect(socket?.origin == "http://localhost")
    }

    @Test(arguments: ["http://localhost:1", "http://127.0.0.1:3000", "http://[::1]:3000", "unix:///a"])
    func knowsThisMachine(text: String) {
        #expect(ServiceAddress(text)?.isLocal == true)
    }

    @Test(arguments: [
        "", "example.org", "ftp://a", "http://", "http://:80", "http://a:0", "http://a:99999", "http://a:x",
        "http://user@a", "http://a/path", "http://a?b", "http://a#b", "http://a b", "http://a\n",
        "unix://relative",
        "unix://", "http://::1", "http://a\\b",
    ])
    func refusesTheRest(text: String) {
        #expect(ServiceAddress(text) == nil)
    }
}
