import SeededRandom
import SyncModel

/// Faults of processes, disks, and of the database as a whole.
extension Simulation {
    func strike() throws {
        if isHealed { return }
        time.schedule(.fault, in: random.within(60...500))
        let index = random.below(devices.count)
        switch random.weighted([35, 15, 15, 10, 25, 20, 8, 7, 10, 25, 6]) {
        case 0: try killDevice(index, losingUnsynced: false)
        case 1: try killDevice(index, losingUnsynced: true)
        case 2: try killService(losingUnsynced: false)
        case 3: try killService(losingUnsynced: true)
        case 5:
            let until = time.now + random.within(100...900)
            trace("the disk of d\(index) is slow")
            devices[index].disk.slowUntil = until
            if random.chance(30) { service.disk.slowUntil = until }
        case 6: try loseSlot()
        case 7: try goOver()
        case 8: try restoreMirror()
        case 9: alter()
        case 10: truncate()
        default:
            guard !devices[index].isPartitioned else { return }
            count("fault: partition")
            trace("d\(index) is cut off")
            devices[index].isPartitioned = true
            time.schedule(.mendPartition(index), in: random.within(100...1500))
        }
    }

    // MARK: - The database

    /// Somebody drops it, or its write-ahead log grew past the limit.
    private func loseSlot() throws {
        count("fault: slot lost")
        trace("the slot is gone")
        service.flushed = nil
        try connectAnew()
    }

    /// To a standby: another timeline, without the slot, and now and then without what was committed last.
    private func goOver() throws {
        count("fault: new epoch")
        service.epoch = Epoch(
            systemIdentifier: service.epoch.systemIdentifier, timeline: service.epoch.timeline + 1)
        trace("the database goes over to \(service.epoch)")
        // Seeds that failed before there was this fault draw what they drew.
        var own = SeededGenerator(mixing: options.seed &+ UInt64(service.epoch.timeline))
        if own.chance(60) { loseCommits(own.within(1...12)) }
        service.flushed = nil
        try connectAnew()
    }

    /// The stream ended, and mostly the process did not.
    private func connectAnew() throws {
        if service.process != nil, random.chance(30) { return try killService(losingUnsynced: random.chance(50)) }
        try follow()
    }

    /// The mirror's file as it was some time ago.
    private func restoreMirror() throws {
        guard service.hasBackup else {
            trace("the mirror is backed up")
            try service.disk.backUp()
            service.hasBackup = true
            return
        }
        try killService(losingUnsynced: false)
        count("fault: mirror restored")
        trace("the mirror is an older one")
        try service.disk.restore()
        service.hasBackup = false
    }

    // MARK: - DDL

    /// Columns that DDL made: shapes that do not name them can go on.
    func extras(of table: TableName) -> [String] {
        (database.schema[table]?.columns ?? []).map(\.name).filter { $0.hasPrefix("extra") }
    }

    private func alter() {
        guard let table = random.pick(ifAnyOf: [ModelTables.pipelines, ModelTables.steps, ModelTables.comments]) else {
            return
        }
        alterations += 1
        let next = "extra\(alterations)"
        switch (random.pick(ifAnyOf: extras(of: table)), random.below(3)) {
        case (let column?, 0):
            count("fault: column renamed")
            database.alter(table, .renameColumn(column, to: next))
        case (let column?, 1):
            count("fault: column dropped")
            database.alter(table, .dropColumn(column))
        default:
            count("fault: column added")
            database.alter(table, .addColumn(next, default: random.chance(50) ? .null : "as ever"))
        }
        trace("\(table) has \(extras(of: table))")
    }

    private func truncate() {
        guard let table = random.pick(ifAnyOf: [ModelTables.comments, ModelTables.connections, ModelTables.members]),
            database.truncate(table)
        else { return }
        count("fault: table truncated")
        trace("\(table) is emptied")
    }
}
