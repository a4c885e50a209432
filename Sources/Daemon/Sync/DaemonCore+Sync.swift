import Logging
import Replica
import SyncClient
import SyncModel
import SyncProtocol

/// Runs what the coordinator decides: against the replica here, against network and clock in the file beside.
extension DaemonCore {
    func sync(_ event: SyncCoordinator.Event) {
        isStatusDue = true
        for action in coordinator.receive(event) { perform(action) }
    }

    private func perform(_ action: SyncCoordinator.Action) {
        switch action {
        case .stream(let action): perform(action)
        case .sender(let action): perform(action)
        case .schema(let action): perform(action)
        case .connectionChanged(let status): connectionChanged(status)
        }
    }

    private func perform(_ action: SyncStream.Action) {
        switch action {
        case .request(let request, let id): ask(request, id)
        case .cancelRequest(let id): cancelTransfer(.stream, id)
        case .startTimer(let id, let milliseconds): startTimer(.stream, id, milliseconds)
        case .cancelTimer(let id): cancelTimer(.stream, id)
        case .apply(let batch): apply(batch)
        case .barrierReached(let barrier): waiters.barrierReached(barrier)
        case .statusChanged: break
        }
    }

    private func perform(_ action: QueueSender.Action) {
        switch action {
        case .takeBatch(let limit): takeBatch(limit)
        case .send(let request, let id):
            if let withdrawal = request.withdrawal {
                // The message may repeat what an operation holds.
                let (count, code) = (withdrawal.operations.count, withdrawal.reason.code)
                logger.warning("operations that the service refuses are given up: \(count) (\(code))")
            }
            send(request, id)
        case .cancelRequest(let id): cancelTransfer(.sender, id)
        case .startTimer(let id, let milliseconds): startTimer(.sender, id, milliseconds)
        case .cancelTimer(let id): cancelTimer(.sender, id)
        case .deliver(let answer): deliver(answer)
        case .recover(let recovery): recover(recovery)
        case .statusChanged: break
        }
    }

    private func perform(_ action: SchemaFetcher.Action) {
        switch action {
        case .request(let tag, let id): fetchSchema(ifNoneMatch: tag, id)
        case .cancelRequest(let id): cancelTransfer(.schema, id)
        case .startTimer(let id, let milliseconds): startTimer(.schema, id, milliseconds)
        case .cancelTimer(let id): cancelTimer(.schema, id)
        case .deliver(let answer, _): adopt(answer)
        }
    }

    private func connectionChanged(_ status: ConnectionStatus) {
        switch status {
        case .connected: return logger.info("connected to \(settings.service)")
        case .offline(let reason): logger.info("offline: \(reason?.message ?? "sync is paused")")
        case .refused(let reason): logger.error("the service refuses this device: \(reason.message)")
        }
        keeping { () throws(ReplicaError) in effects.append(try replica.markStale()) }
    }
}

// MARK: - The replica's part

extension DaemonCore {
    /// Parts of snapshots are stored as they come, each for itself: what is here when the answer breaks off, or the
    /// daemon ends, is not asked for again, and the loop is free in between.
    func arrived(_ parts: [ShapeBatch], _ id: SyncClient.RequestID) {
        guard links[.stream].transfer?.request == id, !hasLostArrivals else { return }
        do throws(ReplicaError) {
            for part in parts { try store(part) }
        } catch {
            hasLostArrivals = true
            noteStorage(error)
            return
        }
        keepForTelling(parts)
        sync(.shapesChanged(wantedShapes))
    }

    private func store(_ part: ShapeBatch) throws(ReplicaError) {
        do throws(ReplicaError) {
            effects.append(try replica.store(part))
        } catch {
            guard let answer = schemaToRead(after: error) else { throw error }
            effects.append(try replica.adopt(schema: answer.schema, dataModel: answer.dataModel?.string))
            adoption.adopted()
            effects.append(try replica.store(part))
        }
    }

    /// The schema that was fetched and may have what the held one lacks; where there is none, it is fetched.
    private func schemaToRead(after error: ReplicaError) -> SchemaAnswer? {
        guard error.code == .schemaUnknown else { return nil }
        if let answer = adoption.isUnreadable() { return answer }
        sync(.schemaDoubted)
        return nil
    }

    private func keepForTelling(_ parts: [ShapeBatch]) {
        guard clients.values.contains(where: { $0.subscriptions.contains(where: \.isIncomplete) }) else { return }
        arrivals += parts
    }

    private func apply(_ batch: SyncBatch) {
        if hasLostArrivals { return sync(.stream(.applyFailed(random: surroundings.random()))) }
        let epoch = replica.epoch
        do throws(ReplicaError) {
            try take(batch)
        } catch {
            noteStorage(error)
            return sync(.stream(.applyFailed(random: surroundings.random())))
        }
        storageProblem = nil
        keepForTelling(batch.shapes)
        frontier = batch.frontier
        lastContact = now.microseconds
        if batch.frontier.isComplete { frontierReachedAt = lastContact }
        keeping { () throws(ReplicaError) in try replica.noteInView(at: now.microseconds) }
        sync(.stream(.batchApplied))
        letGoOfRefused(batch)
        reconcileShapes()
        sync(.epochSeen(batch.frontier.epoch))
        if let tag = batch.frontier.schemaTag { sync(.schemaSeen(tag)) }
        if batch.shapes.contains(where: { $0.ended?.isOfSchema == true }) { sync(.schemaDoubted) }
        // Another history may have lost operations, confirmed ones too: the replica has to offer them again.
        if epoch != replica.epoch { sync(.queueChanged) }
        prune()
    }

    /// With the schema that its rows are of.
    private func take(_ batch: SyncBatch) throws(ReplicaError) {
        var answer = adoption.schema(for: batch.frontier)
        do throws(ReplicaError) {
            effects += try replica.apply(batch, adopting: answer.map { ($0.schema, $0.dataModel?.string) })
        } catch {
            guard answer == nil, let needed = schemaToRead(after: error) else { throw error }
            effects += try replica.apply(batch, adopting: (needed.schema, needed.dataModel?.string))
            answer = needed
        }
        if answer != nil { adoption.adopted() }
        adoption.applied(batch.frontier)
    }

    /// Shapes that the service does not serve, of which nobody has seen a row: those who asked for them may be gone.
    private func letGoOfRefused(_ batch: SyncBatch) {
        for part in batch.shapes where part.ended != nil && replica.heldShape(part.shape)?.firstSync == nil {
            dropIfEnded(part.shape)
        }
    }

    private func takeBatch(_ limit: Int) {
        let batch: OutgoingBatch
        do throws(ReplicaError) {
            let taken = try replica.batchToSend(limit: limit)
            batch = taken.batch
            effects.append(taken.effects)
        } catch {
            noteStorage(error)
            return sync(.sender(.replicaFailed(random: surroundings.random())))
        }
        if batch.operations.isEmpty, !batch.asksForSequence { return sync(.sender(.batchTaken(nil))) }
        let request = OperationsRequest(
            replica: replica.id, epoch: batch.epoch, acknowledged: batch.acknowledged, operations: batch.operations)
        sync(.sender(.batchTaken(request)))
    }

    private func deliver(_ answer: OperationsAnswer) {
        do throws(ReplicaError) {
            effects.append(
                try replica.received(answer.verdicts, epoch: answer.epoch, lastSeq: answer.lastSeq))
        } catch {
            noteStorage(error)
            return sync(.sender(.replicaFailed(random: surroundings.random())))
        }
        storageProblem = nil
        lastContact = now.microseconds
        sync(.sender(.verdictsStored))
    }

    private func recover(_ recovery: QueueSender.Recovery) {
        do throws(ReplicaError) {
            switch recovery {
            case .sequenceGap(let expected): effects.append(try replica.sequenceGap(expected: expected))
            case .epochChanged(let epoch, let lastSeq):
                effects.append(try replica.epochChanged(epoch, lastSeq: lastSeq))
            }
        } catch {
            noteStorage(error)
            return sync(.sender(.replicaFailed(random: surroundings.random())))
        }
        sync(.sender(.recovered(random: surroundings.random())))
    }

    private func adopt(_ answer: SchemaAnswer) {
        defer { if adoption.takeWaitingStream() { sync(.stream(.nudged)) } }
        guard adoption.delivered(answer, awaitsRows: replica.awaitsRows(of: answer.schema)) else { return }
        do throws(ReplicaError) {
            effects.append(try replica.adopt(schema: answer.schema, dataModel: answer.dataModel?.string))
        } catch {
            noteStorage(error)
            return sync(.schema(.deliveryFailed(random: surroundings.random())))
        }
        reconcileShapes()
    }

    /// What the stream has to ask for, what is wanted most first: the service sends it in this order.
    var wantedShapes: [SyncRequest.Shape] {
        replica.shapesByUrgency.compactMap { shape in
            if case .ended = shape.status { return nil }
            return SyncRequest.Shape(
                id: shape.id, definition: shape.definition, handle: shape.handle, offset: shape.offset,
                failureTag: shape.failures.tag)
        }
    }

    /// Tells the stream what the replica holds, where the two differ: the replica is right.
    func reconcileShapes() {
        let wanted = wantedShapes
        let known = coordinator.shapes
        if wanted == known { return }
        sync(.shapesChanged(wanted))
        // The stream goes by the names. A shape that begins anew must not be asked for from where it was.
        if wanted.map(\.id) == known.map(\.id) { sync(.woke) }
    }
}
