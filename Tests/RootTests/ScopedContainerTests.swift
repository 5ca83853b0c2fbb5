import CFSCore
import EngineSupport
import TestSupport
import Testing

@Suite("Containers of a scope, by the library", .needsHost)
struct ScopedContainerTests {
    private let fixture = EngineFixture()

    private func engine() throws -> Engine {
        var options = EngineOptions()
        options.root = fixture.root
        options.run = fixture.runFolder
        options.runtime =
            String(fixture.binary.prefix(upTo: fixture.binary.lastIndex(of: "/") ?? fixture.binary.startIndex))
            + "/cfs-runtime"
        return try Engine(options)
    }

    private func spec(_ script: String) -> ContainerSpec {
        ContainerSpec(image: "BusyBox", command: ["sh", "-c", script])
    }

    private func expectNothing(_ engine: Engine) throws {
        let left = try engine.containers()
        #expect(left.isEmpty)
        fixture.expectNothingLeft()
    }

    private struct Failure: Error, Equatable {}

    @Test("what the body returns is returned, and the container is gone, ended or not")
    func returning() async throws {
        let engine = try engine()
        let text = try await engine.withContainer(spec("echo up; exec sleep 1000"), patience: 0) { run in
            for try await piece in run.output { return piece.text }
            return ""
        }
        #expect(text == "up\n")
        try expectNothing(engine)
        let status = try await engine.withContainer(spec("exit 3")) { run in try await run.exitStatus().code }
        #expect(status == 3)
        try expectNothing(engine)
        var brief = spec("true")
        brief.autoRemove = true
        let code = try await engine.withContainer(brief) { run in try await run.exitStatus().code }
        #expect(code == 0)
        try expectNothing(engine)
    }

    @Test("what the body throws is thrown, and the container is gone")
    func throwing() async throws {
        let engine = try engine()
        await #expect(throws: Failure()) {
            try await engine.withContainer(spec("exec sleep 1000"), patience: 0) { _ in throw Failure() }
        }
        try expectNothing(engine)
    }

    @Test("a cancelled task ends what the body waits for, and the container is gone, also one that is started again")
    func cancelled() async throws {
        let engine = try engine()
        var stubborn = spec("trap '' TERM; echo up; while :; do sleep 0.05; done")
        stubborn.restart = .always
        let spec = stubborn
        let (started, signal) = AsyncStream.makeStream(of: Void.self)
        let task = Task {
            try await engine.withContainer(spec, patience: 1000) { run in
                for try await _ in run.output { signal.yield() }
                return try await run.exitStatus().code
            }
        }
        for await _ in started { break }
        task.cancel()
        let code = try await task.value
        #expect(code == 137)
        try expectNothing(engine)
    }

    @Test("a command that nobody reads is no hindrance")
    func unread() async throws {
        let engine = try engine()
        try await engine.withContainer(spec("while :; do echo yes; done"), patience: 0) { _ in }
        try expectNothing(engine)
    }
}
