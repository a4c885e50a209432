import Foundation
import JSONText
import Merge
import Replica
import SeededRandom
import Shapes
import SyncClient
import SyncModel
import SyncProtocol
import SyncService

/// Daemons, a service and a database in one thread, under faults: the production replica, machines, mirror,
/// answers and operation processor over real SQLite files; network, clock, processes and PostgreSQL are modelled.
///
/// First there are faults, then all is healed and has to drain and converge. Everything follows from the seed.
package final class Simulation {
    enum Event {
        case timer(device: Int, life: Int, Machine, TimerID)
        /// `isCopy`: nobody waits for its answer.
        case requestArrives(Int, isCopy: Bool)
        case answerArrives(Int, [HTTPEvent])
        case holdExpires(Int, life: Int)
        case person(Int)
        case sqlWriter
        case stream
        case upkeep
        case fault
        case serviceFault
        case deviceFault
        case openDevice(Int)
        case openService
        case mendPartition(Int)
        case written(device: Int, life: Int)
        case flushed(life: Int)
    }

    struct Exchange {
        let device: Int
        let life: Int
        let machine: Machine
        let request: RequestID
        let body: [UInt8]
    }

    let options: SimulationOptions
    var random: SeededGenerator
    var time = SimulatedTime<Event>()
    let database = ModelDatabase(.sample)
    var service: SimulatedService
    var devices: [SimulatedDevice] = []
    var exchanges: [Int: Exchange] = [:]
    var nextExchange = 0
    var isHealed = false
    var ledger = Ledger()
    var report: SimulationReport
    var logReader: LogReader
    let definitions: [ShapeDefinition]
    let contents: [String: ShapeContent]
    var history = History()
    /// Of columns that DDL made.
    var alterations = 0
    let directory: String
    /// Of the database's commits, how many the checks have looked at.
    var checkedCommits = 0
    var effectCounts: [OperationID: Int] = [:]
    var committedVerdicts: [OperationID: [Verdict.Outcome]] = [:]
    /// Of commits that a failover lost: an answer may be on its way that tells of them.
    var lostVerdicts: [OperationID: Set<Verdict.Outcome>] = [:]
    /// By operation, the commit that has its verdict.
    var commitNumbers: [OperationID: Int] = [:]
    /// What people may read, of some moments.
    var sights: [SightPlace: Sight] = [:]
    /// Frontiers told while nobody was told of condition failures.
    var untoldFailures: Set<UInt64> = []
    var lastOrder: [String: Int] = [:]
    /// Rows that a device wanted to make, and that were refused.
    var refusedRows: [Int: Set<ClientView.Place>] = [:]
    /// Operations that the service takes no batch with.
    var unacceptable: Set<OperationID> = []
    /// The newest request of each machine that has arrived.
    var lastArrival: [Int: [Machine: Int]] = [:]
    /// For the canary of torn transactions: what was held back of a device's batch.
    var withheld: [Int: ShapeBatch] = [:]

    /// - Parameter directory: is made; whoever calls removes it.
    package init(_ options: SimulationOptions, directory: String) throws {
        self.options = options
        self.directory = directory
        random = SeededGenerator(mixing: options.seed)
        report = SimulationReport(options: options)
        let schema = database.schema
        let contents = try (SimulatedShape.flat + SimulatedShape.others).map { shape in
            let definition = try ShapeDefinition(json: JSON(parsing: shape.definition))
            return ShapeContent(shape: shape, definition: definition)
        }
        definitions = contents.map(\.definition)
        logReader = LogReader(contents, people: (0..<2).map(Self.person), schema: schema)
        self.contents = Dictionary(uniqueKeysWithValues: contents.map { ($0.definition.canonical, $0) })
        service = SimulatedService(disk: try SimulatedDisk(directory: "\(directory)/service"))
        for index in 0..<random.within(3...4) {
            devices.append(
                SimulatedDevice(
                    index: index, user: Self.person(index), newReplicaID: ReplicaID("replica-\(index)"),
                    skew: Int64(random.within(-90...90)) * 1_000_000,
                    disk: try SimulatedDisk(directory: "\(directory)/d\(index)")))
        }
    }

    /// Runs in a fresh directory and removes it.
    package static func run(_ options: SimulationOptions) throws -> SimulationReport {
        let memory = "/dev/shm"
        let root =
            FileManager.default.isWritableFile(atPath: memory) ? memory : FileManager.default.temporaryDirectory.path
        let directory = "\(root)/satchel-simulation-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: directory) }
        return try Simulation(options, directory: directory).run()
    }

    package func run() throws -> SimulationReport {
        for _ in 0..<4 { database.execute([randomPlainInsert(into: ModelTables.pipelines)]) }
        for number in 0..<4 {
            database.execute([
                .insert(ModelTables.people, ["id": .text(Self.person(number)), "name": .text(Self.person(number))])
            ])
        }
        count("devices", devices.count)
        try openService()
        for index in devices.indices { try openDevice(index) }
        for index in devices.indices { time.schedule(.person(index), in: random.within(10...200)) }
        time.schedule(.sqlWriter, in: 30)
        time.schedule(.stream, in: 3)
        time.schedule(.upkeep, in: 100)
        time.schedule(.fault, in: 150)
        // What every run is to have had does not depend on luck.
        time.schedule(.serviceFault, in: options.ticks / 2)
        time.schedule(.deviceFault, in: options.ticks / 3)
        try go(until: options.ticks)
        // A run in which little happened goes on for a while.
        for _ in 0..<20 where isShort { try go(until: time.now + options.ticks / 10) }
        try heal()
        report.ticks = time.now
        for (name, times) in logReader.filled { count("rows in shape: \(name)", times) }
        return report
    }

    private func go(until tick: Int) throws {
        while let event = time.next(upTo: tick), !isOver { try handle(event) }
        time.advance(to: tick)
    }

    private var isShort: Bool {
        options.ticks >= SimulationOptions.defaultTicks
            && report.counts["events", default: 0] < SimulationReport.least["events", default: 0]
    }

    /// Enough was found.
    var isOver: Bool { report.violations.count >= 5 }

    private func handle(_ event: Event) throws {
        if isPutOff(event) { return }
        if !isPoll(event) { count("events") }
        database.now = time.microseconds
        switch event {
        case .timer(let device, let life, let machine, let id): try timerFired(device, life, machine, id)
        case .requestArrives(let exchange, let isCopy): try requestArrived(exchange, isCopy: isCopy)
        case .answerArrives(let exchange, let events): try answerArrived(exchange, events)
        case .holdExpires(let exchange, let life): try holdExpired(exchange, life)
        case .person(let device): try personActs(device)
        case .sqlWriter: sqlWriterActs()
        case .stream: try streamOn()
        case .upkeep: try upkeep()
        case .fault: try strike()
        case .serviceFault: try killService(losingUnsynced: false)
        case .deviceFault: for index in devices.indices.prefix(2) { try killDevice(index, losingUnsynced: false) }
        case .openDevice(let device): try openDevice(device)
        case .openService: try openService()
        case .mendPartition(let device): mendPartition(device)
        case .written(let device, let life): try written(device, life)
        case .flushed(let life): flushed(life)
        }
        checkCommits()
    }

    /// A look at the stream that finds nothing, and upkeep, are no events: there is always one more of them.
    private func isPoll(_ event: Event) -> Bool {
        switch event {
        case .stream: service.process.map { $0.streamed == database.commits.count } ?? true
        case .upkeep: true
        case .timer, .requestArrives, .answerArrives, .holdExpires, .person, .sqlWriter, .fault, .serviceFault,
            .deviceFault,
            .openDevice, .openService, .mendPartition, .written, .flushed:
            false
        }
    }

    // MARK: - The second phase

    /// Virtual ticks within which all has to settle: the longest chain of waits (a request's patience, the longest
    /// backoff, a held request) twice.
    static let settlingTicks = 20_000

    private func heal() throws {
        trace("healed")
        isHealed = true
        for index in devices.indices {
            mendPartition(index)
            try written(index, devices[index].life)
            if devices[index].process == nil { try openDevice(index) }
            try setPaused(index, false)
        }
        if service.process == nil { try openService() }
        // Once by itself; then, until nothing is left, people let go of what was refused.
        for round in 0..<50 {
            guard try settle() else { return }
            if try !dismissAll() { break }
            if round == 49 { violate(.liveness, "operations are parked again and again") }
        }
        try watchPlainSQL()
        guard try settle() else { return }
        try checkEnd()
    }

    /// Views are compared only while nobody has operations of their own, which in the first phase may never be.
    private func watchPlainSQL() throws {
        for _ in 0..<12 {
            writeSQL()
            try go(until: time.now + 20)
        }
    }

    private func settle() throws -> Bool {
        let limit = time.now + Self.settlingTicks
        while !isOver {
            if try unsettled().isEmpty { return true }
            let next = min(time.now + 50, limit)
            while let event = time.next(upTo: next), !isOver { try handle(event) }
            if time.now >= limit { break }
            time.advance(to: next)
        }
        let left = try unsettled()
        if !isOver { violate(.liveness, "not settled after \(Self.settlingTicks) ticks: \(left)") }
        // A canary for another promise may leave things unsettled; what it broke is still to be looked for.
        return !isOver && !options.promises.contains(.liveness)
    }

    // MARK: - Records

    func count(_ name: String, _ number: Int = 1) {
        report.counts[name, default: 0] += number
        if name.hasPrefix("fault: ") { report.counts["faults", default: 0] += number }
    }

    func trace(_ text: @autoclosure () -> String) {
        let line = "\(time.now) \(text())"
        for byte in line.utf8 {
            report.traceHash = (report.traceHash ^ UInt64(byte)) &* 0x100_0000_01b3
        }
        if options.keepsTrace { report.trace.append(line) }
    }

    /// What only a person who reads the trace wants; not part of the hash.
    func detail(_ text: @autoclosure () -> String) {
        if options.keepsTrace { report.trace.append("\(time.now)   \(text())") }
    }

    func violate(_ promise: Promise, _ message: @autoclosure () -> String) {
        guard options.promises.contains(promise), !isOver else { return }
        let violation = Violation(promise: promise, tick: time.now, message: message())
        trace("VIOLATION \(violation)")
        report.violations.append(violation)
    }
}
