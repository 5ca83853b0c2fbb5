import CFSLinux
import CFSModel
import CLinux
import Glibc

/// A program of whoever configured a container, run at one point of its life (runtime-spec, config.md, POSIX-platform Hooks).
///
/// It gets the container's state on standard input and its own environment, nothing of the engine's.
public struct HookPlan: Sendable, Hashable {
    /// An absolute path, in the mount namespace that the hook runs in.
    public var path: String
    /// With the program's name first.
    public var arguments: [String]
    public var environment: [String]
    /// Seconds until it is killed, which counts as a failure; nil waits without end.
    public var timeout: Int?

    public init(path: String, arguments: [String], environment: [String], timeout: Int?) {
        self.path = path
        self.arguments = arguments
        self.environment = environment
        self.timeout = timeout
    }

    /// Runs it to its end, with `/` as its working directory, which this process has from then on too. Only in a process
    /// with one thread.
    ///
    /// - Parameters:
    ///   - state: what it reads on standard input.
    ///   - point: which point of a container's life it is, as the configuration names it.
    /// - Throws: `conflict` when it does not end with status 0, naming it and quoting what it wrote.
    public func run(state: [UInt8], point: String) throws(CFSError) {
        // Files in memory take any amount, so neither side waits for the other.
        let input = try MemoryFile.make("state")
        try File.writeAll(input.raw, state)
        guard lseek(input.raw, 0, SEEK_SET) == 0 else { throw CFSError(kernel: errno, "lseek", .starting) }
        let output = try MemoryFile.make("output")
        try checked(chdir("/") == 0 ? 0 : -Int(errno), "chdir", .starting, path: "/")
        let pid: Int32
        do throws(CFSError) {
            pid = try Spawn.start(
                path, arguments.isEmpty ? [path] : arguments, environment: environment,
                descriptors: [(0, from: input.raw), (1, from: output.raw), (2, from: output.raw)], newSession: false)
        } catch {
            throw failure(point, "cannot be run: \(ErrorNumber.text(error.errno ?? 0))", error.errno)
        }
        guard let process = try ProcessControl.open(pid: pid) else {
            throw failure(point, "is gone before it could be waited for")
        }
        if let timeout {
            let poll = try EventPoll()
            try poll.add(process.raw, .readable, token: 0)
            // More milliseconds than the call takes are 24 days: without end.
            let milliseconds = timeout > Int(Int32.max) / 1000 ? -1 : Int32(timeout * 1000)
            if try poll.wait(milliseconds: milliseconds).isEmpty {
                try ProcessControl.signal(process.raw, SIGKILL)
                _ = try ProcessControl.reap(process.raw, wait: true)
                throw failure(point, "did not end within \(timeout) seconds")
            }
        }
        guard let end = try ProcessControl.reap(process.raw, wait: true) else {
            throw failure(point, "cannot be waited for")
        }
        guard end != .exited(0) else { return }
        let said = try Self.lastWords(output.raw)
        let how =
            switch end {
            case .exited(let code): "ended with status \(code)"
            case .signalled(let number, _): "was ended by \(Signal.name(number))"
            }
        throw failure(point, how + (said.isEmpty ? "" : ": \(said)"))
    }

    private func failure(_ point: String, _ what: String, _ number: Int32? = nil) -> CFSError {
        CFSError(.conflict, .starting, "the \(point) hook \(path) \(what)", path: path, errno: number)
    }

    /// The end of what it wrote, as one line.
    private static func lastWords(_ output: Int32) throws(CFSError) -> String {
        let size = lseek(output, 0, SEEK_END)
        _ = lseek(output, max(0, size - 512), SEEK_SET)
        let text = String(decoding: try File.readAll(output, limit: 1024), as: UTF8.self)
        return text.split { $0 == "\n" || $0 == "\r" }.map(String.init).text(separator: "; ")
    }
}

extension [HookPlan] {
    /// Runs all of them in their order; the first that fails ends it.
    public func run(state: [UInt8], point: String) throws(CFSError) {
        for hook in self { try hook.run(state: state, point: point) }
    }
}
