import CFSCore
import Testing

@testable import CFSServer

@Suite("Events for many listeners")
struct EventHubTests {
    private func event(_ number: UInt64, _ action: String = "start") -> EngineEvent {
        EngineEvent(time: number, action: action, id: "id", name: "web")
    }

    @Test("a listener hears what it asked for, in order")
    func order() async {
        let hub = EventHub()
        var filter = EventFilter()
        filter.actions = ["die"]
        let (_, listener) = hub.listen(filter)
        for number in 1...3 { hub.publish(event(UInt64(number), number == 2 ? "start" : "die")) }
        var times: [UInt64] = []
        for _ in 0..<2 {
            if case .event(let event, _) = await listener.next(patience: .seconds(5)) { times.append(event.time) }
        }
        #expect(times == [1, 3])
    }

    @Test("one that does not read has a queue with an end, and is told how many it missed")
    func slow() async {
        let hub = EventHub()
        let (_, listener) = hub.listen(EventFilter())
        for number in 0..<1000 { hub.publish(event(UInt64(number))) }
        for number in 0..<EventListener.room {
            guard case .event(let event, _) = await listener.next(patience: .seconds(5)) else {
                Issue.record("event \(number) is missing")
                return
            }
            #expect(event.time == UInt64(number))
        }
        guard case .skipped(let count) = await listener.next(patience: .seconds(5)) else {
            Issue.record("nothing was said of what was left out")
            return
        }
        #expect(count == 1000 - EventListener.room)
        hub.publish(event(2000))
        guard case .event(let next, _) = await listener.next(patience: .seconds(5)) else {
            Issue.record("nothing comes after what was left out")
            return
        }
        #expect(next.time == 2000)
    }

    @Test("a listener that was let go hears nothing, and costs nothing")
    func removed() {
        let hub = EventHub()
        let (id, _) = hub.listen(EventFilter())
        #expect(hub.count == 1)
        hub.remove(id)
        #expect(hub.count == 0)
    }

    @Test("silence is told after its time, again and again, and events in between come at once")
    func silence() async {
        let hub = EventHub()
        let (_, listener) = hub.listen(EventFilter())
        for number in 1...3 {
            guard case .silence = await listener.next(patience: .milliseconds(20)) else {
                Issue.record("no silence")
                return
            }
            hub.publish(event(UInt64(number)))
            // With a timer that is set for much later, an earlier end of patience counts.
            guard case .event = await listener.next(patience: .seconds(3600)) else {
                Issue.record("no event")
                return
            }
        }
        async let next = listener.next(patience: .seconds(3600))
        hub.publish(event(4))
        guard case .event = await next, case .silence = await listener.next(patience: .milliseconds(20)) else {
            Issue.record("neither an event nor silence")
            return
        }
    }
}
