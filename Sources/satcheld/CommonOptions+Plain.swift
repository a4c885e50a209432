import Daemon

extension CommonOptions {
    /// `run` and options with their values, as clients and service managers start the daemon, read past the argument
    /// parser, which takes a good part of the time until the first answer. nil: more than that, or wrong; the parser
    /// says what.
    init?(plainRun arguments: [String]) {
        guard arguments.first == "run", let values = Self.values(arguments.dropFirst()) else { return nil }
        var left = values
        func take(_ name: String) -> String? { left.removeValue(forKey: name) }
        self.init()
        config = take("--config")
        state = take("--state")
        socket = take("--socket")
        service = take("--service")
        user = take("--user")
        tokenFile = take("--token-file")
        idleExit = nil
        logLevel = nil
        if let text = take("--idle-exit") {
            guard let seconds = Int(text) else { return nil }
            idleExit = seconds
        }
        if let text = take("--log-level") {
            guard let level = DaemonOptions.LogLevel(rawValue: text) else { return nil }
            logLevel = level
        }
        guard left.isEmpty else { return nil }
    }

    /// By name. nil: not one value for each name.
    private static func values(_ arguments: ArraySlice<String>) -> [String: String]? {
        var values: [String: String] = [:]
        var rest = arguments
        while let name = rest.popFirst() {
            guard name.hasPrefix("--"), let value = rest.popFirst(), !value.hasPrefix("-"), values[name] == nil else {
                return nil
            }
            values[name] = value
        }
        return values
    }
}
