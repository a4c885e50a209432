import ArgumentParser
import SeededRandom
import Testing

@testable import satchel

@Suite struct CommandLineTests {
    private static let words = [
        "status", "--json", "--socket", "/tmp/a b", "", "-x", "--help", "--socket=/s", "--", "x",
    ]

    @Test func aPlainStatusIsReadAsTheParserReadsIt() throws {
        let seed = SeededGenerator.seed(1)
        var random = SeededGenerator(seed: seed)
        var (plain, left) = (0, 0)
        for _ in 0..<500 {
            let arguments =
                ["status"]
                + (0..<Int.random(in: 0...4, using: &random)).map { _ in
                    Self.words.randomElement(using: &random) ?? ""
                }
            guard let status = PlainStatus(arguments) else {
                left += 1
                continue
            }
            plain += 1
            let command = try #require(try Satchel.parseAsRoot(arguments) as? StatusCommand, "\(arguments)")
            #expect(status.socket == command.options.socket, "\(arguments)")
            #expect(status.json == command.options.json, "\(arguments)")
        }
        print("seed \(seed): plain \(plain), left to the parser \(left)")
        #expect(plain > 0 && left > 0)
        #expect(PlainStatus(["read", "--json"]) == nil)
        #expect(PlainStatus([]) == nil)
    }

    /// To make a name of a type's, Swift looks through all conformances of the program: 3 ms of each command's start.
    @Test func everyCommandNamesItself() {
        var unvisited: [any ParsableCommand.Type] = [Satchel.self]
        var count = 0
        while let command = unvisited.popLast() {
            count += 1
            #expect(command.configuration.commandName != nil, "\(command)")
            unvisited += command.configuration.subcommands
        }
        #expect(count > 25)
    }
}
