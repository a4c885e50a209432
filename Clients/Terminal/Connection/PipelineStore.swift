import DaemonProtocol
import JSONRPC
import JSONText
import PipelineFiles
import SyncModel
import TerminalText

/// The pipelines that the daemon holds, as catalogues.
struct PipelineStore {
    let daemon: DaemonConnection

    /// Who imports, for which team.
    ///
    /// - isRequired: without a team nothing can be done; else nil means all that are visible.
    func team(named team: String?, isRequired: Bool) throws -> TeamChoice? {
        // Right after the daemon's start nothing may have come yet that tells the person's teams.
        let waits = isRequired && team == nil
        let tables = team == nil ? ["users", "team_members", "teams"] : ["users", "teams"]
        if waits { try awaitFirstSync(of: tables) }
        let wait = waits ? 0 : nil
        let users = try rows(of: "users", wait: wait)
        let members = team == nil ? try rows(of: "team_members", wait: wait) : Known(rows: [], isWhole: true)
        let teams = try rows(of: "teams", wait: wait)
        do throws(TeamFailure) {
            return try TeamChoice(
                team: team, user: daemon.info.user, users: users.rows, members: members.rows, teams: teams.rows)
        } catch {
            guard isRequired || team != nil else { return nil }
            guard users.isWhole && members.isWhole && teams.isWhole else {
                throw CommandFailure(
                    .failed,
                    "The teams are not on this device yet: try again when `satchel status` says that it is in sync, or "
                        + "name a team by its id with --team.")
            }
            switch error {
            case .unknown: throw CommandFailure(.notFound, "\(Printable.line(error.reason)).")
            case .unclear: throw CommandFailure(.usage, "\(Printable.line(error.reason)).")
            }
        }
    }

    /// The pipelines of one team, or all that are visible.
    func catalogue(teamID: String?) throws -> (catalogue: PipelineCatalogue, status: ShapeStatus) {
        var definition: JSONObject = ["root_table": "pipelines"]
        if let teamID { definition["where"] = ["team_id": .string(teamID)] }
        definition["include"] = ["steps": true, "connections": true]
        let answer = try Self.ofSample { try ShapeReader(daemon: daemon).read(.object(definition)) }
        let rows = answer.rows.map { (table: $0.table, columns: $0.value.dictionary) }
        return (PipelineCatalogue(rows), answer.status)
    }

    static let nothingYet = "The pipelines have not come to this device yet"

    /// Of pipelines that have come: before the first sync nobody knows which there are.
    func arrived(teamID: String?) throws -> PipelineCatalogue {
        let (catalogue, status) = try catalogue(teamID: teamID)
        guard status != .initial else {
            throw CommandFailure(.failed, try ReadCommand.notYet(Self.nothingYet, daemon))
        }
        return catalogue
    }

    /// These shapes fit the sample's tables: where they are refused, the database is another one.
    private static func ofSample<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as ResponseError where error.code == DaemonErrorCode.invalidShape.rawValue {
            throw CommandFailure(
                CommandStatus(error),
                "The pipeline commands are for databases with the sample's tables (pipelines, steps, …): \(error.message)",
                data: error.json)
        }
    }

    private struct Known {
        let rows: [ColumnMap]
        /// False while the first sync of the table is not over.
        let isWhole: Bool
    }

    private func rows(of table: String, wait: Int?) throws -> Known {
        let answer = try Self.ofSample {
            try ShapeReader(daemon: daemon).read(["root_table": .string(table)], wait: wait)
        }
        return Known(rows: answer.rows.map(\.value.dictionary), isWhole: answer.status != .initial)
    }

    /// On a new device nothing is there yet. Says why it waits, and waits for all of the tables together.
    private func awaitFirstSync(of tables: [String]) throws {
        let reader = ShapeReader(daemon: daemon)
        // Asked for at once, so that they come together.
        let missing = try tables.filter { try !rows(of: $0, wait: 0).isWhole }
        guard !missing.isEmpty else { return }
        let status = try daemon.call(ReadSyncStatus.self, Nothing())
        Output.say(
            "Waiting for the first sync of \(missing.joined(separator: ", ")): this device holds none of it yet"
                + "\(status.isOnline ? "" : ", and \(StatusText.offlineReason(status))").")
        let deadline = SystemClock.milliseconds + Int64(ShapeReader.defaultWait)
        for table in missing {
            let left = Int(max(0, deadline - SystemClock.milliseconds))
            _ = try reader.read(["root_table": .string(table)], wait: left, isQuiet: true)
        }
    }

    /// The pipeline that the person means: by id, name or file.
    func find(_ wanted: String, in catalogue: PipelineCatalogue, teamID: String?) throws -> CurrentPipeline {
        if let id = Input.markedPipeline(wanted), catalogue[id].pipeline != nil { return catalogue[id] }
        let found: CurrentPipeline?
        do throws(PipelineFileError) {
            found = try catalogue.find(wanted, teamID: teamID)
        } catch {
            throw CommandFailure(.usage, "\(error.reason).")
        }
        guard let found else {
            throw CommandFailure(
                .notFound, "There is no pipeline \(wanted) on this device: see satchel pipeline list.")
        }
        return found
    }
}
