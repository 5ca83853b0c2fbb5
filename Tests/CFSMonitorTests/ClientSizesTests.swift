import CFSLinux
import Testing

@testable import CFSMonitor

@Suite("The size of a terminal that several clients see")
struct ClientSizesTests {
    private static func size(_ rows: UInt16) -> WindowSize { WindowSize(rows: rows, columns: 80) }

    @Test("is that of the newest, whoever says something later")
    func newest() {
        var sizes = ClientSizes()
        #expect(sizes.say(Self.size(1), 100) == Self.size(1))
        #expect(sizes.say(Self.size(2), 105) == Self.size(2))
        #expect(sizes.say(Self.size(3), 100) == nil)
        #expect(sizes.say(Self.size(4), 103) == nil)
        #expect(sizes.say(Self.size(5), 105) == Self.size(5))
    }

    @Test("goes back to the one before when the newest leaves, and stays when another does")
    func leaves() {
        var sizes = ClientSizes()
        _ = sizes.say(Self.size(1), 100)
        _ = sizes.say(Self.size(2), 101)
        _ = sizes.say(Self.size(3), 102)
        _ = sizes.say(Self.size(4), 100)
        #expect(sizes.leave(101) == nil)
        #expect(sizes.leave(102) == Self.size(4))
        #expect(sizes.leave(102) == nil)
        #expect(sizes.leave(100) == nil)
        #expect(sizes.say(Self.size(9), 103) == Self.size(9))
    }
}
