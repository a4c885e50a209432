import DaemonProtocol
import JSONRPC
import JSONText
import TerminalText

/// Why a command ends without success: a sentence that says what to do, and the code for scripts.
struct CommandFailure: Error {
    let code: CommandStatus
    let message: String
    /// The daemon's own error, for `--json`.
    let data: JSON?

    init(_ code: CommandStatus, _ message: String, data: JSON? = nil) {
        self.code = code
        self.message = message
        self.data = data
    }

    init(_ error: ResponseError) {
        self.init(CommandStatus(error), error.message, data: error.json)
    }

    init(_ error: WireError) {
        self.init(
            .failed,
            "The daemon's answer cannot be read (\(error)): satchel and satcheld may differ in version.")
    }
}
