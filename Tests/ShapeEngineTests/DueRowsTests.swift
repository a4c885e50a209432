import SeededRandom
import SyncModel
import Testing

@testable import ShapeEngine

struct DueRowsTests {
    private func place(_ id: Int) -> DueRows.Place { DueRows.Place(node: 0, key: RowKey(values: [Value(String(id))])) }

    @Test func keepsOneEntryOfARowHoweverOftenItChanges() {
        var rows = DueRows()
        var largest = 0
        for moment in 1...100_000 {
            rows.file(place(1), of: 7, moment: Int64(moment))
            largest = max(largest, rows.size)
        }
        #expect(largest <= 70)
        #expect(rows.next == 100_000)
        #expect(rows.due(at: 99_999).isEmpty)
        #expect(rows.due(at: 100_000) == [7: [place(1)]])
    }

    @Test func forgetsARowThatTimeMovesNoMore() {
        var rows = DueRows()
        rows.file(place(1), of: 7, moment: 10)
        rows.file(place(2), of: 7, moment: 20)
        rows.file(place(1), of: 7, moment: nil)
        #expect(rows.next == 20)
        rows.file(place(2), of: 7, moment: nil)
        #expect(rows.next == nil && rows.size == 0)
    }

    @Test func givesARowOnceThatWasFiledForTheSameMomentAgain() {
        var rows = DueRows()
        for moment in [5, 8, 5] { rows.file(place(1), of: 7, moment: Int64(moment)) }
        #expect(rows.due(at: 100) == [7: [place(1)]])
        rows.file(place(1), of: 7, moment: nil)
        #expect(rows.due(at: 100).isEmpty)
    }

    @Test func letsGoOfAShapesRowsWithTheShape() {
        var rows = DueRows()
        for id in 1...1_000 { rows.file(place(id), of: Int64(id % 2), moment: Int64(id)) }
        rows.remove(1)
        #expect(rows.due(at: 1_000).keys.sorted() == [0] && rows.next == 2)
        rows.remove(0)
        #expect(rows.size == 0 && rows.next == nil)
    }

    /// Against looking at all.
    @Test func givesWhatIsDueAmongMany() {
        var random = SeededGenerator(seed: SeededGenerator.seed(4))
        var rows = DueRows()
        var model: [DueRows.Place: Int64] = [:]
        var due = 0
        for _ in 0..<600 {
            let place = place(Int.random(in: 0..<60, using: &random))
            let moment = random.once(in: 4) ? nil : Int64.random(in: 0..<1_000, using: &random)
            model[place] = moment
            rows.file(place, of: 1, moment: moment)
            #expect(rows.next == model.values.min())
            let now = Int64.random(in: 0..<1_000, using: &random)
            let expected = Set(model.filter { $0.value <= now }.keys)
            #expect(rows.due(at: now)[1] ?? [] == expected)
            due += expected.count
        }
        #expect(due > 0)
    }
}
