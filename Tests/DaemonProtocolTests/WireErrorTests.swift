import DaemonProtocol
import JSONRPC
import JSONText
import SyncModel
import Testing

@Suite struct WireErrorTests {
    private func message<M: RequestMethod>(_: M.Type, _ params: JSON?) -> String? {
        do throws(ResponseError) {
            _ = try M.params(of: Request(id: 1, method: M.method, params: params))
            return nil
        } catch {
            #expect(error.code == -32602)
            return error.message
        }
    }

    @Test func namesTheMemberThatIsWrong() {
        #expect(message(SubscribeShape.self, nil) == "definition: is missing.")
        #expect(message(SubscribeShape.self, ["definition": [:], "extra": 1]) == "extra: is not known here.")
        #expect(
            message(SubscribeShape.self, ["definition": [:], "limit": 10_001])
                == "limit: must be an integer from 0 to 10000.")
        #expect(message(ReadSyncStatus.self, [1]) == "The parameters: must be an object.")
        let operation: JSON = ["table": "steps", "op": "update", "key": ["id": "1"], "set": ["name": true]]
        #expect(
            message(SubmitOperations.self, ["operations": [operation]])
                == "operations[0].set.name: must be null or a string in PostgreSQL's text form.")
        #expect(
            message(
                SubmitOperations.self, ["operations": [["table": "steps", "op": "move", "key": ["id": "1"]]]])
                == "operations[0].op: must be one of insert, update, upsert, delete.")
        #expect(
            message(SubmitOperations.self, ["operations": [["table": "steps", "op": "delete", "key": [:]]]])
                == "operations[0].key: must name the key columns.")
        #expect(
            message(
                SubmitOperations.self, ["operations": [["table": "", "op": "delete", "key": ["id": "1"]]]])
                == "operations[0].table: must not be empty.")
        #expect(
            message(WaitForSync.self, ["timeout": 3_600_001])?.hasPrefix("timeout: must be an integer")
                == true)
    }

    @Test func nullStandsForAnAbsentMember() throws {
        let params = try SubscribeShape.Params(json: ["definition": ["root_table": "users"], "limit": nil])
        #expect(params.limit == 1000)
        #expect(message(ShowOperation.self, ["id": nil]) == "id: is missing.")
    }

    @Test func keepsTheOrderOfColumnsAndTellsNullFromAbsent() throws {
        let values = try ColumnValues(json: ["b": nil, "a": "1"])
        #expect(values.fields.map(\.column) == ["b", "a"])
        #expect(values["b"] == .null)
        #expect(values["c"] == nil)
        #expect(values.json.text == #"{"b":null,"a":"1"}"#)
        #expect(ColumnValues([.init("x", .absent), .init("y", "1")]).json.text == #"{"y":"1"}"#)
    }

    @Test func aResultMayHaveMembersThatTheReaderDoesNotKnow() throws {
        let page = try ShapePage(json: ["status": "live", "sequence": 1, "rows": [], "news": 1])
        #expect(page.status == .live)
    }

    @Test func cutsNamesFromOutsideShort() {
        let name = String(repeating: "x", count: 10_000)
        #expect(message(ReadSyncStatus.self, .object([name: 1]))?.utf8.count ?? 0 < 200)
    }
}
