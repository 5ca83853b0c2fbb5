import CFSCore
import TestSupport
import Testing

@Suite("What limits bring about, as events of the library", .needsMachine, .serialized)
struct LimitEventTests {
    private let folder = TemporaryDirectory()

    private func engine() throws -> Engine {
        var options = EngineOptions()
        options.root = folder("root")
        options.run = folder("run")
        options.runtime = "/usr/local/bin/cfs-runtime"
        return try Engine(options)
    }

    private static func spec(_ script: String) -> ContainerSpec {
        var spec = ContainerSpec(image: "BusyBox", command: ["sh", "-c", script])
        spec.autoRemove = true
        spec.resources.memory = RuntimeSpec.Memory()
        spec.resources.memory?.limit = 48 << 20
        return spec
    }

    @Test("a killed process, standing still, going on, and the end, each as it happens")
    func events() async throws {
        let run = try await engine().run(Self.spec("read go; tail /dev/zero; read end"))
        let events = try run.container.limitEvents().makeAsyncIterator()
        try await run.write(Array("go\n".utf8))
        let killed = try await events.next()
        #expect(killed == .outOfMemory(kills: 1))
        try run.container.pause()
        let paused = try await events.next()
        #expect(paused == .paused)
        try run.container.unpause()
        let resumed = try await events.next()
        #expect(resumed == .resumed)
        try await run.write(Array("end\n".utf8))
        let ended = try await events.next()
        #expect(ended == .ended)
        let last = try await events.next()
        #expect(last == nil)
        let status = try await run.exitStatus()
        #expect(status.code == 0)
    }

    @Test("a cancelled task waits for events no longer")
    func cancelled() async throws {
        let run = try await engine().run(Self.spec("read end"))
        let events = try run.container.limitEvents()
        let task = Task {
            var seen = 0
            for try await _ in events { seen += 1 }
            return seen
        }
        task.cancel()
        let seen = try await task.value
        #expect(seen == 0)
        run.closeInput()
        _ = try await run.exitStatus()
    }

    @Test("pressure is an event where the container waits for its own processor quota")
    func pressure() async throws {
        var spec = Self.spec("read go; while :; do :; done")
        spec.resources.cpu = RuntimeSpec.CPU()
        spec.resources.cpu?.quota = 10_000
        spec.resources.cpu?.period = 100_000
        let run = try await engine().run(spec)
        let trigger = PressureTrigger(.cpu, stall: 200_000, window: 2_000_000)
        let events = try run.container.limitEvents(pressure: [trigger]).makeAsyncIterator()
        try await run.write(Array("go\n".utf8))
        let event = try await events.next()
        #expect(event == .pressure(trigger))
        try run.signal(9)
        _ = try await run.exitStatus()
    }

    @Test("readings come one after the other, and processors are counted between them")
    func readings() async throws {
        let engine = try engine()
        let run = try await engine.run(Self.spec("while :; do :; done"))
        var readings = engine.statistics(of: [run.container], every: .seconds(1)).makeAsyncIterator()
        let first = try #require(try await readings.next()?.first)
        let second = try #require(try await readings.next()?.first)
        #expect(first.use.memory?.max == .at(ByteCount(48 << 20)))
        #expect((second.processors(since: first) ?? 0) > 0)
        #expect(first.processors(since: second) == nil)
        try run.signal(9)
        _ = try await run.exitStatus()
        let none = try await readings.next()
        #expect(none?.isEmpty ?? true)
    }
}
