import ArgumentParser

/// What the command line says.
struct BenchOptions: ParsableArguments {
    @Flag(help: "One JSON object for each measure, on a line. Progress goes to standard error.")
    var json = false

    @Flag(help: "Say what each measure is, and take none.")
    var list = false

    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp("The measures to take; see --list. Default: all.", valueName: "name"))
    var only: [String] = []

    @Option(help: "Rows of the measures that move whole tables.")
    var rows = 1_000_000

    @Option(help: "Rows that are held by the measures of starts, memory and latencies.")
    var held = 100_000

    @Option(help: "Seed of the rows and of the pauses.")
    var seed: UInt64 = 1

    @Option(help: ArgumentHelp("Be the bare echo process at this socket.", visibility: .hidden))
    var echo: String?

    /// Bytes of each answer of the echo process.
    @Option(help: ArgumentHelp("Length of its answers.", visibility: .hidden))
    var answer = 1

    /// The largest table: the replica takes no larger shape.
    static let rowLimit = 1_000_000

    func validate() throws {
        guard (1_000...Self.rowLimit).contains(rows), (1_000...Self.rowLimit).contains(held) else {
            throw ValidationError("--rows and --held are whole numbers from 1000 to \(Self.rowLimit)")
        }
        for name in only where !Registry.names.contains(name) {
            throw ValidationError("there is no measure '\(name)': --list shows them")
        }
    }

    /// In the order of the registry, which shares what is expensive to raise.
    var measures: [any Measure.Type] {
        only.isEmpty ? Registry.measures : Registry.measures.filter { only.contains($0.name) }
    }
}
