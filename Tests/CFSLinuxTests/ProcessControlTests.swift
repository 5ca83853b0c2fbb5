import CFSLinux
import CFSModel
import CLinux
import Glibc
import TestSupport
import Testing

@Suite("Processes by pidfd")
struct ProcessControlTests {
    private final class Child {
        let pid: Int32
        let pidfd: OwnedFD

        init(_ arguments: [String], path: String = "/bin/sh", descriptors: [(Int32, from: Int32)] = []) throws {
            pid = try Spawn.start(
                path, arguments, environment: ["PATH=/usr/bin:/bin", "A=b c"], descriptors: descriptors,
                newSession: true)
            guard let pidfd = try ProcessControl.open(pid: pid) else {
                throw CFSError(.invalidState, .starting, "the child of a test is gone before it was waited for")
            }
            self.pidfd = pidfd
        }

        func wait() throws -> ProcessEnd? { try ProcessControl.reap(pidfd.raw, wait: true) }
    }

    private func start(_ script: String) throws -> Child { try Child(["sh", "-c", script]) }

    @Test("an exit code is told as it is", arguments: [0, 1, 42, 255] as [Int32])
    func exited(code: Int32) throws {
        let child = try start("exit \(code)")
        let end = try child.wait()
        #expect(end == .exited(code))
        #expect(end?.status == code)
    }

    @Test("a signal is told as such, and as 128 and its number", arguments: [SIGKILL, SIGTERM, SIGUSR1])
    func signalled(number: Int32) throws {
        let child = try start("kill -\(number) $$; sleep 60")
        let end = try child.wait()
        #expect(end == .signalled(number, coreDumped: false))
        #expect(end?.status == 128 + number)
    }

    @Test("a process that lives has not ended; a signal by its pidfd ends it")
    func living() throws {
        let child = try start("exec sleep 60")
        #expect(try ProcessControl.reap(child.pidfd.raw, wait: false) == nil)
        #expect(try ProcessControl.signal(child.pidfd.raw, SIGKILL))
        #expect(try child.wait() == .signalled(SIGKILL, coreDumped: false))
        #expect(try !ProcessControl.signal(child.pidfd.raw, SIGKILL))
    }

    @Test("a process that is stopped has not ended")
    func stopped() throws {
        let child = try start("kill -STOP $$; exit 3")
        #expect(eventually { textOfFile("/proc/\(child.pid)/stat")?.contains(") T ") == true })
        #expect(try ProcessControl.reap(child.pidfd.raw, wait: false) == nil)
        try ProcessControl.signal(child.pidfd.raw, SIGCONT)
        #expect(try child.wait() == .exited(3))
    }

    @Test("number and start time are an identity; who is gone has neither")
    func identity() throws {
        let child = try start("read x")
        let time = try #require(ProcessControl.startTime(of: child.pid))
        #expect(time >= ProcessControl.startTime(of: getpid()) ?? 0)
        #expect(ProcessControl.startTime(of: child.pid) == time)
        try ProcessControl.signal(child.pidfd.raw, SIGKILL)
        _ = try child.wait()
        #expect(ProcessControl.startTime(of: child.pid) == nil)
        #expect(try ProcessControl.open(pid: child.pid) == nil)
    }

    @Test("who has ended does not run, whether somebody has waited for it or not; nor does another with its number")
    func running() throws {
        let child = try start("exec sleep 60")
        let time = try #require(ProcessControl.startTime(of: child.pid))
        #expect(ProcessControl.isRunning(child.pid, startTime: time))
        #expect(!ProcessControl.isRunning(child.pid, startTime: time + 1))
        try ProcessControl.signal(child.pidfd.raw, SIGKILL)
        // Nobody waits for it yet: it keeps its number and its start.
        #expect(eventually { textOfFile("/proc/\(child.pid)/stat")?.contains(") Z ") == true })
        #expect(ProcessControl.startTime(of: child.pid) == time)
        #expect(!ProcessControl.isRunning(child.pid, startTime: time))
        _ = try child.wait()
        #expect(!ProcessControl.isRunning(child.pid, startTime: time))
    }

    @Test("a spawned program has its arguments, its environment and the descriptors that it was given")
    func spawn() throws {
        let folder = TemporaryDirectory()
        let output = try File.open(folder("out"), [.write, .create], mode: 0o600)
        let extra = try File.open(folder.write("from three", to: "in"), .read)
        let script = #"echo "$0 $1 $A"; cat <&7; echo; readlink /proc/self/fd/*; true"#
        let child = try Child(
            ["sh", "-c", script, "zero", "one two"], descriptors: [(1, from: output.raw), (7, from: extra.raw)])
        #expect(try child.wait() == .exited(0))
        let lines = (textOfFile(folder("out")) ?? "").split(separator: "\n").map(String.init)
        #expect(lines.prefix(2) == ["zero one two b c", "from three"])
        // Once, under the number that was asked for: under its number here it is close-on-exec.
        #expect(lines.dropFirst(2).count { $0 == folder("in") } == 1, "\(lines)")
    }

    @Test("a program that does not exist is an error at once")
    func missing() {
        let error = #expect(throws: CFSError.self) {
            try Spawn.start("/does/not/exist", ["x"], environment: [], descriptors: [], newSession: false)
        }
        #expect(error?.errno == ENOENT)
        #expect(error?.path == "/does/not/exist")
    }

    @Test("a spawned program ignores no signal and has none blocked, though its starter does")
    func signals() throws {
        let folder = TemporaryDirectory()
        let output = try File.open(folder("out"), [.write, .create], mode: 0o600)
        let before = signal(SIGPIPE, SIG_IGN)
        defer { signal(SIGPIPE, before) }
        let child = try Child(["cat", "/proc/self/status"], path: "/bin/cat", descriptors: [(1, from: output.raw)])
        #expect(try child.wait() == .exited(0))
        let status = textOfFile(folder("out")) ?? ""
        #expect(status.contains("SigBlk:\t0000000000000000"))
        let ignored = status.split(separator: "\n").first { $0.hasPrefix("SigIgn:") }.flatMap {
            UInt64($0.dropFirst(8), radix: 16)
        }
        #expect(ignored.map { $0 & (1 << 12) } == 0)
    }
}
