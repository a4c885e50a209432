import Foundation
import JSONText
import JWTKit
import Postgres
import PostgresTesting
import Shapes
import SyncModel
import SyncProtocol
import Testing

/// Read rules by claims that somebody has signed.
@Suite struct SecureReaderTests {
    private static let key = "a secret of more than thirty-two bytes"

    private struct Token: JWTPayload {
        var sub: String?
        var userID: String?
        var exp = ExpirationClaim(value: .distantFuture)
        var person: Int?
        var teams: [Int]?

        enum CodingKeys: String, CodingKey {
            case sub, exp, person, teams
            case userID = "user_id"
        }

        func verify(using algorithm: some JWTAlgorithm) {}

        func headers() async throws -> [String: String] {
            let keys = JWTKeyCollection()
            await keys.add(hmac: HMACKey(from: SecureReaderTests.key), digestAlgorithm: .sha256)
            return ["authorization": "Bearer \(try await keys.sign(self))"]
        }
    }

    @Test func secureModeServesWhatRulesPermitToVerifiedClaims() async throws {
        let model = """
            version: 1
            permissions:
              teams: {read: "id = ANY (auth.teams) OR id IN (SELECT team_id FROM members WHERE person = auth.person)"}
              pipelines: {read: "auth.user_id = 'ana'"}
              steps: {read: everyone}
            """
        let fixture = try await ServiceFixture(
            ReadRuleSystemTests.sql + LostPermissionTests.rows, model: model, secret: Self.key)
        func read(_ token: Token, _ shape: String) async throws -> PersonalReader {
            var reader = try PersonalReader(port: fixture.port, headers: await token.headers(), [shape])
            try reader.catchUp()
            return reader
        }
        let teams = #"{"root_table": "teams", "select": ["id"]}"#
        let ana = try await read(Token(sub: "ana", person: 2), teams)
        let ben = try await read(Token(sub: "ben", person: 2), teams)
        let eve = try await read(Token(sub: "eve", teams: [1, 7]), teams)
        let nobody = try await read(Token(userID: "zoe"), teams)
        #expect(ana.content(0, "teams") == ["id=2"] && eve.content(0, "teams") == ["id=1"])
        #expect(nobody.content(0, "teams").isEmpty)
        #expect(ana.shapes[0].handle == ben.shapes[0].handle && ana.shapes[0].handle != eve.shapes[0].handle)
        // `user_id` is who the token is for, whatever else it says.
        let pipelines = #"{"root_table": "pipelines"}"#
        #expect(try await read(Token(sub: "ana"), pipelines).content(0, "pipelines").count == 2)
        #expect(try await read(Token(sub: "eve", userID: "ana"), pipelines).content(0, "pipelines").isEmpty)
        #expect(try await read(Token(userID: "ana"), pipelines).content(0, "pipelines").count == 2)

        // Somebody else's handle is no key to what it names.
        var thief = try PersonalReader(port: fixture.port, headers: await Token(sub: "eve").headers(), [teams])
        thief.shapes[0].handle = ana.shapes[0].handle
        thief.shapes[0].offset = .snapshotEnd
        try thief.catchUp()
        #expect(thief.shapes[0].resets == 1 && thief.content(0, "teams").isEmpty)
        let taken = try RawHTTP.get(
            "/v1/shape?table=teams&offset=0_inf&handle=\(ana.shapes[0].handle?.description ?? "")", port: fixture.port,
            headers: await Token(sub: "eve").headers())
        #expect(taken.status == 409)

        // Tables without a rule, at any place.
        for shape in [
            #"{"root_table": "tags"}"#, #"{"root_table": "pipelines", "include": {"tags": true}}"#,
            #"{"root_table": "teams", "where": "id IN (SELECT team_id FROM members)"}"#,
        ] {
            let ended = try await read(Token(sub: "ana"), shape).shapes[0].ended
            #expect(ended?.code == "not_permitted", "\(shape)")
            #expect(ended?.message.contains(": {read: everyone}`") == true, "\(ended?.message ?? "")")
        }
        let closed = try RawHTTP.get(
            "/v1/shape?table=members&offset=-1", port: fixture.port, headers: await Token(sub: "ana").headers())
        #expect(closed.status == 403 && closed.headers["cache-control"] == "no-store")
        #expect(closed.body.contains("public.members has no read rule: add `members: {read: everyone}`"))
        let open = try RawHTTP.get(
            "/v1/shape?table=steps&offset=-1", port: fixture.port, headers: await Token(sub: "ana").headers())
        #expect(open.status == 200 && open.headers["cache-control"]?.hasPrefix("public") == true)
        await fixture.stop()
    }
}
