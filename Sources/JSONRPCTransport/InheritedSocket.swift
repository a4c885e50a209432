/// systemd's socket activation (sd_listen_fds(3)): the first descriptor is 3, announced in the environment.
package enum InheritedSocket {
    /// nil when none was handed to this process.
    package static func descriptor(environment: [String: String], process: Int32) throws(TransportError)
        -> Int32?
    {
        guard environment["LISTEN_PID"].flatMap(Int32.init) == process else { return nil }
        guard let text = environment["LISTEN_FDS"], let count = Int(text), count > 0 else { return nil }
        guard count == 1 else {
            throw TransportError(
                "systemd handed over \(count) sockets: the .socket unit must have one ListenStream.")
        }
        return 3
    }
}
