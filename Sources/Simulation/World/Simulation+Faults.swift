import SeededRandom

/// Faults of processes and disks.
extension Simulation {
    func strike() throws {
        if isHealed { return }
        time.schedule(.fault, in: random.within(60...500))
        let index = random.below(devices.count)
        switch random.weighted([35, 15, 15, 10, 25, 20]) {
        case 0: try killDevice(index, losingUnsynced: false)
        case 1: try killDevice(index, losingUnsynced: true)
        case 2: try killService(losingUnsynced: false)
        case 3: try killService(losingUnsynced: true)
        case 5:
            let until = time.now + random.within(100...900)
            trace("the disk of d\(index) is slow")
            devices[index].disk.slowUntil = until
            if random.chance(30) { service.disk.slowUntil = until }
        default:
            guard !devices[index].isPartitioned else { return }
            count("fault: partition")
            trace("d\(index) is cut off")
            devices[index].isPartitioned = true
            time.schedule(.mendPartition(index), in: random.within(100...1500))
        }
    }
}
