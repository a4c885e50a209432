import Foundation
import GRDB
import JSONText
import Shapes
import SyncModel
import SyncProtocol

/// Composes one answer of the stream (`POST /v1/sync`) out of one read transaction of the mirror, so that it
/// covers all shapes at one frontier.
struct SyncAnswer {
    let mirror: Mirror
    let request: SyncRequest
    let serviceClock: HybridTimestamp

    /// A shape of the request as it will be answered.
    enum Subject: Sendable {
        /// `failureTag`: of the condition failures that the asker knows of.
        case kept(id: String, KeptShape, offset: LogOffset, isReset: Bool, failureTag: String?)
        case ended(id: String, Reason)

        var kept: KeptShape? {
            if case .kept(_, let kept, _, _, _) = self { kept } else { nil }
        }
    }

    /// A shape ended, or may not be told from that offset any more, or the tables' columns changed, after it was looked
    /// up.
    struct ShapeEnded: Error {}

    struct Composed: Sendable {
        var bytes: [UInt8]
        /// There is something in it that the asker does not know yet.
        var isNews: Bool
    }

    /// About how many entries of one shape's log one answer carries; the rest comes with the next.
    private static let entryLimit = 20_000

    /// - Parameters:
    ///   - known: what was in memory before the subjects were looked up.
    func compose(_ subjects: [Subject], known: Mirror.State, db: Database) throws -> Composed {
        guard let position = try MirrorPosition.read(in: db), let catalogue = known.catalogue else {
            throw ServiceError(.notReady, "the mirror is being copied: try again shortly")
        }
        let layouts = [known.position?.layout, mirror.state.position?.layout]
        guard layouts.allSatisfy({ $0 == position.layout }) else { throw ShapeEnded() }
        // What was known was read before this transaction began: the rows here cover at least as much.
        let reader = ShapeLogReader(db: db)
        for case .kept(_, let kept, let offset, _, _) in subjects where try !reader.continues(kept, after: offset) {
            throw ShapeEnded()
        }
        let told = position.unsettled?.frontier ?? max(position.position, known.frontier)
        let frontier = try cut(subjects, reader, upTo: told)
        let source = Source(
            reader: reader, catalogue: catalogue, frontier: frontier.tx,
            failures: position.unsettled == nil ? known.conditionFailures : nil)
        var bytes = SyncAnswerLine.hello(epoch: position.epoch, server: "satchel-service").bytes
        var composed = Composed(bytes: [], isNews: false)
        var isComplete = frontier.isAll
        for subject in subjects {
            let part = try answer(subject, from: source, room: ProtocolLimits.answerTargetBytes - bytes.count)
            bytes += part.bytes
            composed.isNews = composed.isNews || part.isNews
            isComplete = isComplete && part.isComplete
        }
        let seq = try reader.confirmedSeq(of: request.replica, at: frontier.tx)
        composed.isNews = composed.isNews || seq > request.confirmedSeq || !frontier.isAll
        let reached = Frontier(
            epoch: position.epoch, position: frontier.tx, confirmedSeq: seq, isComplete: isComplete,
            serviceClock: serviceClock, schemaTag: known.schemaTag)
        composed.bytes = bytes + SyncAnswerLine.frontier(reached).bytes
        return composed
    }

    /// The common frontier of this answer: all that is known, or less where a shape's backlog is long.
    private func cut(
        _ subjects: [Subject], _ reader: ShapeLogReader, upTo tx: UInt64
    ) throws -> (tx: UInt64, isAll: Bool) {
        var lowest = tx
        for case .kept(_, let kept, let offset, _, _) in subjects where !offset.isInSnapshot {
            let from = kept.place(after: offset)
            if let cut = try reader.cut(of: kept.id, after: from, limit: Self.entryLimit) { lowest = min(lowest, cut) }
        }
        return (lowest, lowest == tx)
    }

    private struct Source {
        let reader: ShapeLogReader
        let catalogue: DatabaseSchema
        let frontier: UInt64
        /// nil while it is not settled what became of tables: nobody is told of anything that comes through.
        let failures: [Int64: ShapeFailures]?

        /// The rows that the shape leaves out because its condition fails; nil where the asker knows of them.
        func news(of kept: KeptShape, since tag: String?) -> ShapeFailures? {
            guard let failures else { return nil }
            let now = failures[kept.id] ?? .none
            return now.tag == tag ? nil : now
        }
    }

    private struct Part {
        var bytes: [UInt8] = []
        var isNews = false
        var isComplete = true
    }

    private func answer(_ subject: Subject, from source: Source, room: Int) throws -> Part {
        var part = Part()
        switch subject {
        case .ended(let id, let reason):
            part.bytes = SyncAnswerLine.ended(shape: id, reason: reason).bytes
            part.isNews = true
        case .kept(let id, let kept, let offset, let isReset, let failureTag):
            if isReset {
                part.bytes = SyncAnswerLine.reset(shape: id, handle: kept.handle, tables: kept.shape.tables).bytes
            }
            if offset.isInSnapshot {
                try addSnapshot(id, kept, after: offset, reader: source.reader, room: room, to: &part)
            } else {
                let failures = source.news(of: kept, since: failureTag)
                try addChanges(id, kept, after: offset, from: source, failures, to: &part)
            }
        }
        return part
    }

    /// As many chunks as there are and fit. Where shapes before this one took the room, none: they are wanted more.
    private func addSnapshot(
        _ id: String, _ kept: KeptShape, after offset: LogOffset, reader: ShapeLogReader, room: Int,
        to part: inout Part
    ) throws {
        var number = offset == .beforeAll ? 0 : Int(clamping: offset.op) + 1
        let first = number
        var isWhole = false
        while part.bytes.count < room {
            guard let chunk = try reader.chunk(number, of: kept.id) else { break }
            number += 1
            isWhole = chunk.total == number
            var line = MessageLineWriter(shape: id, handle: kept.handle, reserving: chunk.body.count + 256)
            line.json.raw(chunk.body)
            // After the snapshot the log is read from its own beginning, whatever the frontier is.
            let reached: LogOffset = isWhole ? .snapshotEnd : LogOffset(tx: 0, op: UInt64(number - 1))
            part.bytes += line.finish(offset: reached, hasMore: true)
            if isWhole { break }
        }
        if number == first {
            // Either the last chunk was read before it was known to be the last, or nothing is there yet, or there
            // is no room: then the line only tells that the shape has not reached the frontier.
            isWhole = try reader.chunkCount(of: kept.id).map { number >= $0 } ?? false
            let reached = isWhole ? LogOffset.snapshotEnd : offset
            part.bytes += MessageLineWriter(shape: id, handle: kept.handle).finish(offset: reached, hasMore: true)
        }
        part.isNews = number > first || isWhole
        part.isComplete = false
    }

    private func addChanges(
        _ id: String, _ kept: KeptShape, after offset: LogOffset, from source: Source, _ failures: ShapeFailures?,
        to part: inout Part
    ) throws {
        let renderer = MessageRenderer(kept, catalogue: source.catalogue)
        var line = MessageLineWriter(shape: id, handle: kept.handle)
        var hasChanges = false
        try source.reader.forEachChange(of: kept.id, after: kept.place(after: offset), through: source.frontier) {
            renderer.write($0, to: &line.json)
            hasChanges = true
        }
        part.bytes += line.finish(offset: .endOf(tx: source.frontier), hasMore: false, failures: failures)
        part.isNews = part.isNews || hasChanges || offset == .snapshotEnd || failures != nil
    }
}

extension SyncAnswer.Subject {
    /// All of it, anew.
    static func beginning(_ kept: KeptShape, of shape: SyncRequest.Shape) -> Self {
        .kept(id: shape.id, kept, offset: .beforeAll, isReset: true, failureTag: shape.failureTag)
    }
}

extension Mirror {
    /// What a request that names a handle is answered; nil: the shape is to be begun anew.
    func subject(_ shape: SyncRequest.Shape, _ access: ReadAccess) -> SyncAnswer.Subject? {
        withMemory { $0.subject(shape, access) }
    }
}

extension Mirror.Memory {
    fileprivate func subject(_ shape: SyncRequest.Shape, _ access: ReadAccess) -> SyncAnswer.Subject? {
        guard let handle = shape.handle else { return nil }
        if let reason = state.failures[handle] { return .ended(id: shape.id, reason) }
        guard let kept = shapes[handle], kept.serves(shape.definition, .stream, access) else { return nil }
        // Its rows are those of a past that this mirror does not have.
        if state.position?.gaps.contains(shape.offset.tx) == true {
            return kept.floor == nil ? .beginning(kept, of: shape) : nil
        }
        guard kept.continues(after: shape.offset) else { return nil }
        return .kept(id: shape.id, kept, offset: shape.offset, isReset: false, failureTag: shape.failureTag)
    }
}
