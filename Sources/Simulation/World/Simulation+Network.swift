import SeededRandom
import SyncClient
import SyncModel
import SyncProtocol

/// The network: delays, losses, copies, partitions. What a request or an answer says is production bytes.
extension Simulation {
    private func delay() -> Int {
        if isHealed { return random.within(1...3) }
        return random.chance(8) ? random.within(50...400) : random.within(1...15)
    }

    func send(_ body: [UInt8], _ request: RequestID, _ machine: Machine, from device: Int) {
        nextExchange += 1
        let id = nextExchange
        let life = devices[device].life
        exchanges[id] = Exchange(device: device, life: life, machine: machine, request: request, body: body)
        if machine == .stream { devices[device].process?.exchanges = [id: StreamExchange()] }
        trace("d\(device) sends \(machine) \(id)")
        if devices[device].isPartitioned {
            count("fault: partitioned request")
            // A host that is away refuses, or nothing comes at all until the patience is over.
            if random.chance(50) { time.schedule(.answerArrives(id, [.failed(.unreachable("no route"))]), in: 20) }
            return
        }
        if !isHealed, random.chance(5) {
            count("fault: request lost")
            if random.chance(50) { time.schedule(.answerArrives(id, [.failed(.interrupted("reset"))]), in: delay()) }
            return
        }
        time.schedule(.requestArrives(id, isCopy: false), in: delay())
        if !isHealed, random.chance(4) {
            count("fault: request duplicated")
            time.schedule(.requestArrives(id, isCopy: true), in: delay() + random.within(0...600))
        }
    }

    func reply(_ id: Int, status: Int, _ body: [UInt8]) {
        guard let exchange = exchanges[id] else { return }
        count("answers")
        if options.canary == .stuck, exchange.device == 0, exchange.machine == .sender { return }
        if devices[exchange.device].isPartitioned {
            count("fault: partitioned answer")
            return
        }
        let head = HTTPEvent.head(HTTPResponseHead(status: status))
        if !isHealed, random.chance(7) {
            count("fault: answer lost")
            if random.chance(60) {
                time.schedule(.answerArrives(id, [.failed(.interrupted("reset"))]), in: delay())
            }
            return
        }
        if !isHealed, random.chance(3), body.count > 2 {
            count("fault: answer cut off")
            let part = Array(body.prefix(random.within(1...body.count - 1)))
            time.schedule(.answerArrives(id, [head, .bytes(part), .failed(.interrupted("reset"))]), in: delay())
            return
        }
        let middle = body.count / 2
        let parts = [Array(body[..<middle]), Array(body[middle...])].map { HTTPEvent.bytes($0) }
        time.schedule(.answerArrives(id, [head] + parts + [.finished]), in: delay())
    }

    func answerArrived(_ id: Int, _ events: [HTTPEvent]) throws {
        guard let exchange = exchanges[id], devices[exchange.device].life == exchange.life else { return }
        switch exchange.machine {
        case .stream: try streamAnswered(exchange.device, id, exchange.request, events)
        case .sender: try senderAnswered(exchange.device, exchange.request, events)
        case .schema: try schemaAnswered(exchange.device, exchange.request, events)
        }
        if let last = events.last {
            switch last {
            case .finished, .failed: exchanges[id] = nil
            case .head, .bytes: break
            }
        }
    }

    func mendPartition(_ device: Int) {
        guard devices[device].isPartitioned else { return }
        devices[device].isPartitioned = false
        trace("d\(device) is reachable")
    }
}
