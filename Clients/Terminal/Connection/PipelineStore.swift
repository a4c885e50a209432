import DaemonProtocol
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
        let users = try rows(of: "users")
        let members = team == nil ? try rows(of: "team_members") : []
        let teams = try rows(of: "teams")
        do throws(PipelineFileError) {
            return try TeamChoice(
                team: team, user: daemon.info.user, users: users, members: members, teams: teams)
        } catch {
            guard isRequired || team != nil else { return nil }
            throw CommandFailure(.usage, "\(error.reason).")
        }
    }

    /// The pipelines of one team, or all that are visible.
    func catalogue(teamID: String?) throws -> (catalogue: PipelineCatalogue, status: ShapeStatus) {
        var definition: JSONObject = ["root_table": "pipelines"]
        if let teamID { definition["where"] = ["team_id": .string(teamID)] }
        definition["include"] = ["steps": true, "connections": true]
        let answer = try ShapeReader(daemon: daemon).read(.object(definition))
        let rows = answer.rows.map { (table: $0.table, columns: $0.value.dictionary) }
        return (PipelineCatalogue(rows), answer.status)
    }

    private func rows(of table: String) throws -> [ColumnMap] {
        let answer = try ShapeReader(daemon: daemon).read(["root_table": .string(table)])
        return answer.rows.map(\.value.dictionary)
    }

    /// The pipeline that the person means.
    func find(_ wanted: String, in catalogue: PipelineCatalogue, teamID: String?) throws -> CurrentPipeline {
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
