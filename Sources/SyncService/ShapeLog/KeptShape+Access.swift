import Shapes
import SyncModel

/// Who a kept shape is for, and how far back its log may be told.
extension KeptShape {
    /// It is what this person gets for the definition.
    func serves(_ definition: ShapeDefinition, _ form: ShapeForm, _ access: ReadAccess) -> Bool {
        self.form == form && shape.definition == definition && shape.grant.isOf(access)
    }

    /// Where a reader at `offset`, behind the snapshot, goes on in the log.
    func place(after offset: LogOffset) -> LogOffset { max(offset, .endOf(tx: snapshotTx)) }

    /// Whether a reader at `offset` may go on.
    func continues(after offset: LogOffset) -> Bool { continues(after: offset, floor: floor) }

    /// Below the floor stands what the person was permitted to read and is not any more. Whoever has all of it goes
    /// on, and is told what went; everybody else begins anew, in a shape of its own.
    func continues(after offset: LogOffset, floor: LogOffset?) -> Bool {
        guard let floor else { return true }
        return !offset.isInSnapshot && place(after: offset) >= floor
    }

    func with(_ shape: Shape, floor: LogOffset?) -> KeptShape {
        KeptShape(id: id, handle: handle, form: form, shape: shape, snapshotTx: snapshotTx, floor: floor)
    }
}
