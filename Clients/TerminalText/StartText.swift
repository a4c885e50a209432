import DaemonProtocol

/// How a daemon that is not there is started.
package enum StartText {
    /// - Parameter record: what the last one at this socket was started with, where that is known.
    package static func advice(socket: String, record: StartRecord?) -> String {
        guard let record else {
            return "Start it with `satcheld run --socket \(quoted(socket)) --state DIRECTORY`, the state that it had "
                + "before: what is queued is there. The default state needs no --state, and SATCHEL_AUTOSTART=1 starts a "
                + "daemon of that."
        }
        let command = (["satcheld"] + record.arguments(socket: socket)).map(quoted).joined(separator: " ")
        return "Start it as it was started before, with `\(command)`, or set SATCHEL_AUTOSTART=1, which does that."
    }

    /// For a shell.
    private static func quoted(_ argument: String) -> String {
        let isPlain = argument.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                || "-_./:@%+=,".utf8.contains(byte)
        }
        if isPlain, !argument.isEmpty { return argument }
        return "'" + Printable.line(argument.replacing("'", with: "'\\''")) + "'"
    }
}
