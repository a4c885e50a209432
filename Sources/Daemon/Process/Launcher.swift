import Glibc
import JSONRPCTransport
import Logging
import SyncModel

/// From options to a running daemon, or to the one that runs already.
package enum Launcher {
    package enum Outcome: Sendable {
        case started(DaemonProcess)
        /// Standard input and output were joined with the daemon of this state, and either side has ended.
        case bridged
    }

    private enum Claim {
        case mine(InstanceLock)
        /// The directory cannot hold a lock, nor a replica.
        case unusable(Reason)
        case held(by: Int?)
    }

    /// How often a client on stdio looks again while a daemon is starting or ending, and how long it waits between:
    /// microseconds.
    private static let tries = 100
    private static let pause: UInt32 = 50_000
    /// The look after which a person is told what is waited for: half a second.
    private static let told = 10

    /// - Parameters:
    ///   - stop: how the process is asked to end.
    ///   - whenJoined: told the socket of the daemon that standard input and output are joined with.
    package static func launch(
        _ options: DaemonOptions, overStdio: Bool, environment: [String: String], instance: String, stop: StopRequest,
        logger: Logger, whenJoined: (String) -> Void = { _ in }
    ) throws -> Outcome {
        let plan = try StartPlan(options, environment: environment, instance: instance)
        let streams = overStdio ? try StdioConnection.takeStandardStreams() : nil
        // Who names no state means the daemon that there is, whatever its own.
        if options.stateDirectory == nil, let streams,
            StdioBridge.run(
                streams.input, streams.output, socketPath: plan.socket, whenJoined: { whenJoined(plan.socket) })
        {
            return .bridged
        }
        var owner: Int?
        for attempt in 0..<(overStdio ? tries : 1) {
            switch claim(plan.stateDirectory) {
            case .mine(let lock):
                return .started(
                    try DaemonProcess.start(
                        plan, lock: lock, problem: nil, streams: streams, stop: stop, environment: environment,
                        logger: logger))
            case .unusable(let problem):
                return .started(
                    try DaemonProcess.start(
                        plan, lock: nil, problem: problem, streams: streams, stop: stop, environment: environment,
                        logger: logger))
            case .held(let process):
                owner = process
                if let streams,
                    StdioBridge.run(
                        streams.input, streams.output, socketPath: plan.socket, whenJoined: { whenJoined(plan.socket) })
                {
                    return .bridged
                }
                guard overStdio else { break }
                if attempt == told { logger.notice("\(inUse(plan, owner)): waiting for it at \(plan.socket)") }
                usleep(pause)
            }
        }
        throw StartError(
            overStdio
                ? "\(inUse(plan, owner)), and it does not answer at \(plan.socket): name its socket with --socket, or "
                    + "give another --state."
                : "\(inUse(plan, owner)): use that one, end it with `satchel call daemon/stop`, or give another --state."
        )
    }

    private static func inUse(_ plan: StartPlan, _ owner: Int?) -> String {
        "The state directory \(plan.stateDirectory) is in use by another satcheld"
            + (owner.map { " (process \($0))" } ?? "")
    }

    private static func claim(_ stateDirectory: String) -> Claim {
        do throws(StartError) {
            try PrivateDirectory.create(stateDirectory)
        } catch {
            return .unusable(Reason(code: "storage", message: error.description))
        }
        do throws(InstanceLock.Failure) {
            return .mine(try InstanceLock(stateDirectory: stateDirectory))
        } catch {
            switch error {
            case .held(let process): return .held(by: process)
            case .unavailable(let message):
                return .unusable(Reason(code: "storage", message: "The state directory cannot be written: \(message)"))
            }
        }
    }
}
