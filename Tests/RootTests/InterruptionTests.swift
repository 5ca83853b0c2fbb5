import Glibc
import TestSupport
import Testing

/// A cgroup whose processes stand still from their birth on: a start that hangs, wherever its child is.
private final class FrozenCgroup {
    private let file: String

    init(_ folder: String) throws {
        mkdir(folder, 0o755)
        file = "\(folder)/cgroup.freeze"
        try write("1")
    }

    deinit { do { try write("0") } catch { Issue.record("\(file) stays frozen") } }

    private func write(_ text: String) throws {
        let descriptor = open(file, O_WRONLY | O_CLOEXEC)
        try #require(descriptor >= 0, "\(file): \(String(cString: strerror(errno)))")
        defer { close(descriptor) }
        try #require(Glibc.write(descriptor, text, 1) == 1)
    }
}

@Suite("A start that hangs", .needsHost)
struct InterruptionTests {
    private func processes(_ cgroup: String) -> Int {
        (textOfFile("\(cgroup)/cgroup.procs") ?? "").split(separator: "\n").count
    }

    private func name(_ signal: Int32) -> String {
        [SIGHUP: "SIGHUP", SIGINT: "SIGINT", SIGTERM: "SIGTERM"][signal] ?? ""
    }

    @Test(
        "is ended by a signal to cfs, which says so and leaves nothing",
        arguments: [
            (["--rm"], SIGINT), (["--rm"], SIGTERM), (["--name", "hanging"], SIGINT), (["-d"], SIGTERM),
            (["-d", "--rm"], SIGINT), (["--rm", "--userns", "host"], SIGHUP), (["--rm", "--init"], SIGTERM),
        ])
    func start(options: [String], signal: Int32) throws {
        let engine = EngineFixture()
        #expect(engine.run("run", "--rm", "BusyBox", "true").status == 0)
        guard let folder = engine.cgroup else { return }
        let frozen = try FrozenCgroup(folder)
        let cidfile = engine.folder("cid")
        let command = engine.start(["run", "--cidfile", cidfile] + options + ["BusyBox", "echo", "ran"])
        let isHanging = eventually(seconds: 60) {
            namesInFolder(folder).contains { processes("\(folder)/\($0)") > 0 }
        }
        #expect(isHanging)
        command.signal(signal)
        let result = command.finish()
        #expect(result.status == 128 + signal && result.signal == nil, "\(result.errors)")
        #expect(result.errors == "cfs: \(name(signal)) came before the command ran: the start was ended\n")
        #expect(result.output == "" && !result.timedOut)
        #expect(access(cidfile, F_OK) != 0)
        engine.expectNothingLeft()
        #expect(engine.run("ps", "-aq").output == "")
        extendLifetime(frozen)
    }

    @Test("of one more command is ended too, and the container runs on", arguments: [["exec"], ["exec", "-d"]])
    func exec(words: [String]) throws {
        let engine = EngineFixture()
        try engine.withContainer { id in
            guard let folder = engine.cgroup else { return }
            let before = processes("\(folder)/\(id)")
            // The one above it: a container that is paused itself is refused at once.
            var frozen: FrozenCgroup? = try FrozenCgroup(folder)
            let command = engine.start(words + [id, "echo", "ran"])
            let isHanging = eventually(seconds: 60) { processes("\(folder)/\(id)") > before }
            #expect(isHanging)
            command.signal(SIGINT)
            let result = command.finish()
            #expect(result.status == 130 && result.output == "", "\(result.errors)")
            // Nobody holds its streams any more.
            #expect(!result.timedOut)
            #expect(result.errors == "cfs: SIGINT came before the command ran: the start was ended\n")
            frozen = nil
            #expect(frozen == nil)
            #expect(engine.run("exec", id, "echo", "alive").output == "alive\n")
            let isAlone = eventually(seconds: 60) { processes("\(folder)/\(id)") == before }
            #expect(isAlone)
        }
        engine.expectNothingLeft()
    }

    @Test("keeps nobody waiting who would put its container on a network")
    func network() throws {
        let engine = EngineFixture()
        #expect(engine.run("run", "--rm", "BusyBox", "true").status == 0)
        #expect(engine.run("create", "--name", "slow", "BusyBox", "sleep", "1000").status == 0)
        #expect(engine.run("network", "create", "away").status == 0)
        guard let folder = engine.cgroup else { return }
        let frozen = try FrozenCgroup(folder)
        let start = engine.start(["start", "slow"])
        #expect(eventually { namesInFolder(folder).contains { processes("\(folder)/\($0)") > 0 } })
        let refused = engine.run("network", "connect", "away", "slow")
        #expect(refused.status == 1 && !refused.timedOut)
        #expect(refused.errors.contains("the container slow is being started, or has just ended"), "\(refused.errors)")
        start.signal(SIGINT)
        let ended = start.finish()
        #expect(ended.status == 1 && ended.errors.contains("SIGINT came before the command ran"), "\(ended.errors)")
        extendLifetime(frozen)
        // Its monitor is gone a moment after that was told.
        #expect(eventually { engine.run("network", "connect", "away", "slow").status == 0 })
        #expect(engine.run("rm", "slow").status == 0)
        #expect(engine.run("network", "rm", "away").status == 0)
    }

    @Test("because another process changes the images is ended as well")
    func images() throws {
        let engine = EngineFixture()
        engine.folder.makeFolder("root")
        let script = "exec 9> \(engine.root)/images.lock; flock 9; echo held; exec sleep 1000"
        let holder = RunningCommand(["/bin/sh", "-c", script], environment: ["PATH": EngineFixture.path])
        #expect(holder.waitForOutput("held", seconds: 60))
        // Not there yet: it is to be composed.
        let command = engine.start(["run", "--rm", "BusyBox", "true"])
        #expect(eventually(seconds: 60) { blocks(SIGINT, command.pid) })
        command.signal(SIGINT)
        let result = command.finish()
        #expect(result.status == 130, "\(result.errors)")
        #expect(result.errors == "cfs: SIGINT came before the command ran: the start was ended\n")
        engine.expectNothingLeft()
        holder.signal(SIGKILL)
        _ = holder.finish()
        #expect(engine.run("run", "--rm", "BusyBox", "echo", "fine").output == "fine\n")
    }

    /// Whether a process takes a signal by itself now, instead of being ended by it.
    private func blocks(_ signal: Int32, _ pid: Int32) -> Bool {
        let status = textOfFile("/proc/\(pid)/status") ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("SigBlk:\t") }
        return line.flatMap { UInt64($0.dropFirst(8), radix: 16) }.map { $0 & 1 << UInt64(signal - 1) != 0 } ?? false
    }
}
