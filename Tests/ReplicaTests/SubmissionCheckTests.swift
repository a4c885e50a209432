import Replica
import SyncModel
import Testing

@Suite struct SubmissionCheckTests {
    private static let table = TableName(name: "things")

    private func replica() throws -> Replica {
        let types: [(String, ColumnType)] = [
            ("id", ColumnType("uuid")), ("small", ColumnType("int2")), ("big", ColumnType("int8")),
            ("flag", ColumnType("bool")), ("doc", ColumnType("jsonb")),
            ("mood", ColumnType("mood", labels: ["sad", "ok"])),
            ("short", ColumnType("varchar", modifier: 7)), ("counts", ColumnType("int4", dimensions: 1)),
            ("real", ColumnType("float8")),
            ("tags", ColumnType("text", dimensions: 1)), ("at", ColumnType("timestamptz")),
        ]
        let columns = types.enumerated().map { Column($1.0, number: $0 + 1, type: $1.1, isNotNull: $1.0 == "flag") }
        let replica = try Replica(
            location: .memory, limits: ReplicaLimits(maxValueBytes: 100), newReplicaID: ReplicaID("r"))
        _ = try replica.adopt(
            schema: DatabaseSchema(tables: [TableSchema(name: Self.table, columns: columns, primaryKey: ["id"])]),
            dataModel: nil)
        return replica
    }

    private func submit(_ replica: Replica, _ key: [String: Text], _ set: [String: Value]) throws -> OperationRecord? {
        var set = set
        if set["flag"] == nil { set["flag"] = "t" }
        return try replica.submit(
            [Submission(table: Self.table, action: .insert, key: key, set: set)], atomic: false, now: .zero,
            newID: { OperationID("x") }
        ).operations.first
    }

    @Test func namesTheTablesThatThereAreInsteadOfAnUnknownOne() throws {
        func message(_ replica: Replica) -> String? {
            let other = Submission(
                table: TableName(name: "nowhere"), action: .delete, key: ["id": Self.id], set: [:])
            do throws(ReplicaError) {
                _ = try replica.submit([other], atomic: false, now: .zero, newID: { OperationID("x") })
                return nil
            } catch {
                return error.message
            }
        }
        #expect(try message(replica()) == "There is no table public.nowhere: use one of public.things")
        let bare = try Replica(location: .memory, newReplicaID: ReplicaID("r"))
        _ = try bare.adopt(schema: DatabaseSchema(tables: []), dataModel: nil)
        #expect(message(bare) == "There is no table public.nowhere: the service publishes none yet")
    }

    private static let id: Text = "6f1c0000-0000-4000-8000-00000000000a"

    @Test(arguments: [
        ("small", "32768"), ("small", "1.5"), ("big", "9223372036854775808"), ("flag", "maybe"), ("doc", "{a: 1}"),
        ("doc", #"{"a": "\u0000"}"#), ("mood", "happy"), ("short", "abcd"), ("real", "0x10"), ("real", "one"),
        ("tags", "a,b"), ("tags", "{a"), ("tags", "{a}b}"), ("tags", "{\"a}"), ("tags", "[\"a\""), ("tags", "[a]"),
        ("tags", "{{a},{b,c}}"), ("tags", "[[\"a\"], \"b\"]"), ("counts", "{1,x}"), ("counts", "[1, 2147483648]"),
        ("counts", "[\"\"]"), ("at", "soon"), ("short", "a\u{0}"), ("nothing", "1"), ("id", "1"),
    ])
    func refusesWhatAColumnCannotHold(column: String, value: String) throws {
        let replica = try replica()
        let error = #expect(throws: ReplicaError.self) { try submit(replica, ["id": Self.id], [column: Value(value)]) }
        #expect(error?.code == .invalidOperation, "\(error?.message ?? "")")
        #expect(error?.message.contains(column) == true)
        #expect(try replica.counts.pending == 0)
    }

    @Test func takesWhatPostgresTakes() throws {
        let record = try submit(
            replica(), ["id": "{6F1C0000-0000-4000-8000-00000000000A}"],
            [
                "small": " +7", "big": "-9223372036854775808", "flag": "yes", "doc": #"{"a": "\\u0000"}"#,
                "mood": "ok", "short": "ab ", "real": "-1e-3", "tags": "{a,b}", "at": "infinity",
            ])
        let operation = try #require(record).operation
        #expect(operation.key == ["id": Self.id])
        #expect(operation.set["small"] == "7" && operation.set["flag"] == "t")
    }

    /// The texts are those of PostgreSQL 15 for the arrays that they are.
    @Test(arguments: [
        ("tags", "{a,b}", "{a,b}"), ("tags", #"{"a" , "b c",null}"#, #"{a,"b c",NULL}"#), ("tags", "{}", "{}"),
        ("tags", "[0:1]={a,b}", "[0:1]={a,b}"), ("tags", #"["x"]"#, "{x}"), ("tags", "[]", "{}"),
        ("tags", #"["", "null", null, "a,b", "\"", "\\", "{", "é"]"#, #"{"","null",NULL,"a,b","\"","\\","{",é}"#),
        ("tags", #"[["a"], ["b"]]"#, "{{a},{b}}"), ("tags", #"[1, true, {"a": [1]}]"#, #"{1,t,"{\"a\":[1]}"}"#),
        ("counts", "[1, -2, null]", "{1,-2,NULL}"), ("counts", "{{1,2},{3,4}}", "{{1,2},{3,4}}"),
    ])
    func takesArraysInBothForms(column: String, value: String, stored: String) throws {
        let record = try submit(replica(), ["id": Self.id], [column: Value(value)])
        #expect(try #require(record).operation.set[column] == Value(stored))
    }

    @Test func saysHowAnArrayIsWritten() throws {
        let replica = try replica()
        let malformed = #expect(throws: ReplicaError.self) { try submit(replica, ["id": Self.id], ["tags": "x"]) }
        let forms = #"as PostgreSQL does, {a,"b c"}, or as a JSON array, ["a", "b c"]"#
        #expect(malformed?.message.contains(forms) == true)
        let element = #expect(throws: ReplicaError.self) { try submit(replica, ["id": Self.id], ["counts": "{1,x}"]) }
        #expect(element?.message.contains(#"counts element 2 is a whole number, not "x""#) == true)
    }

    @Test func namesWhatIsWrongWithTheKey() throws {
        let replica = try replica()
        for key: [String: Text] in [[:], ["id": "no uuid"], ["small": "1"], ["id": Self.id, "small": "1"]] {
            #expect(throws: ReplicaError.self) { try submit(replica, key, [:]) }
        }
        let error = #expect(throws: ReplicaError.self) {
            try submit(replica, ["id": Self.id], ["tags": Value("{" + String(repeating: "a", count: 200) + "}")])
        }
        #expect(error?.code == .tooLarge)
    }

    @Test func saysThatNoSchemaIsKnown() throws {
        let replica = try Replica(location: .memory, newReplicaID: ReplicaID("r"))
        let error = #expect(throws: ReplicaError.self) { try submit(replica, ["id": Self.id], [:]) }
        #expect(error?.code == .schemaUnknown)
    }
}
