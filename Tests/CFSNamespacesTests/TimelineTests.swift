import Testing

@testable import CFSNamespaces

@Suite("The phases of a start")
struct TimelineTests {
    @Test("marks keep their order, and time does not go back")
    func order() {
        var timeline = Timeline()
        for name in ["one", "two", "three"] as [StaticString] { timeline.mark(name) }
        #expect(timeline.marks.map(\.name) == ["one", "two", "three"])
        #expect(zip(timeline.marks, timeline.marks.dropFirst()).allSatisfy { $0.at <= $1.at })
        #expect(timeline.marks[0].at > 0)
    }
}
