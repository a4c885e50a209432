import ArgumentParser
import Daemon
import SeededRandom
import Testing

@testable import satcheld

@Suite struct PlainOptionsTests {
    private static let names = [
        "--config", "--state", "--socket", "--service", "--user", "--token-file", "--idle-exit", "--log-level",
    ]
    private static let values = ["5", "debug", "/tmp/a b", "", "-1", "x=y", "--state"]

    private func facts(_ options: CommonOptions) -> [String?] {
        [
            options.config, options.state, options.socket, options.service, options.user, options.tokenFile,
            options.idleExit?.description, options.logLevel?.rawValue,
        ]
    }

    @Test func aPlainRunIsReadAsTheParserReadsIt() throws {
        let seed = SeededGenerator.seed(3)
        var random = SeededGenerator(seed: seed)
        var (plain, left) = (0, 0)
        for _ in 0..<400 {
            var arguments = ["run"]
            for _ in 0..<random.below(4) { arguments += [random.pick(Self.names), random.pick(Self.values)] }
            if random.once(in: 8) { arguments.append(random.pick(["--stdio", "x", "--help", "--socket=/s"])) }
            guard let options = CommonOptions(plainRun: arguments) else {
                left += 1
                continue
            }
            plain += 1
            let run = try #require(try Satcheld.parseAsRoot(arguments) as? satcheld.Run, "\(arguments)")
            #expect(facts(options) == facts(run.common), "\(arguments)")
            #expect(!run.isStdio)
        }
        print("seed \(seed): plain \(plain), left to the parser \(left)")
        #expect(plain > 0 && left > 0)
        #expect(CommonOptions(plainRun: []) == nil)
        #expect(CommonOptions(plainRun: ["stdio"]) == nil)
    }
}
