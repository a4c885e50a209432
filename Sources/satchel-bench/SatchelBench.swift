import ArgumentParser
import Foundation
import JSONText
import ProgramMain

@main
struct SatchelBench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "satchel-bench",
        abstract: "Measures Satchel, each figure beside what the same machine does without it.",
        discussion: """
            It starts the programs that stand beside it, on a private PostgreSQL in a temporary folder \
            ($TMPDIR or /tmp), and ends them. Build everything with `-c release` first. Exit status: 0 when all \
            measures were taken, whatever they gave; 1 otherwise, 2 for wrong arguments.
            """,
        version: ProgramMain.version)

    static func main() { ProgramMain.run(Self.self) }

    @OptionGroup var options: BenchOptions

    func run() throws {
        signal(SIGPIPE, SIG_IGN)
        if let path = options.echo { try EchoServer(path: path, answer: options.answer).run() }
        if options.list { return Registry.list() }
        var isFailed = false
        let table = ResultTable()
        do {
            let bench = try Bench(options)
            defer { bench.end() }
            for measure in options.measures {
                bench.say("\(measure.name) …")
                do {
                    let measurement = try measure.run(bench)
                    // At once: a run may take long, and be watched.
                    print(options.json ? measurement.json.text : table.line(measurement, measure.reach))
                    fflush(nil)
                } catch {
                    isFailed = true
                    bench.say("\(measure.name) was not taken: \(error)")
                }
            }
        } catch {
            throw ValidationError("\(error)")
        }
        if isFailed { throw ExitCode.failure }
    }
}
