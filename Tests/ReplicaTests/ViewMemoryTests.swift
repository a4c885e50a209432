import JSONText
import Testing

@testable import Replica

@Suite struct ViewMemoryTests {
    @Test func comesBackFromItsText() {
        var views = ViewMemory()
        #expect(ViewMemory(text: views.text) == views)
        views.entered = EnteredView(name: "a \"b\"", parameters: ["x": 1, "y": ["z"]])
        views.entries = [
            ViewMemory.Entry(shape: 7, isOnlyForViews: true), ViewMemory.Entry(shape: 3, isOnlyForViews: false),
        ]
        #expect(ViewMemory(text: views.text) == views)
        #expect(views.rank(of: 7) == 0)
        #expect(views.rank(of: 3) == 1)
        #expect(views.rank(of: 1) == 2)
    }

    @Test(arguments: ["", "{", "[]", "7", #"{"view": 1, "shapes": 2}"#, #"{"shapes": [1, [2], ["a", true], [3, 4]]}"#])
    func takesWhatIsNotOfItsFormForNothing(text: String) {
        #expect(ViewMemory(text: text) == ViewMemory())
    }
}
