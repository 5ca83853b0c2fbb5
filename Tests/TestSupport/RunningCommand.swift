import Glibc

/// What a command left: its two streams and how it ended.
public struct CommandResult: Sendable {
    /// The output as it came, text or not.
    public var bytes: [UInt8]
    public var errors: String
    /// The exit status; 128 + n after signal n, as a shell counts.
    public var status: Int32
    /// The signal that ended it, if one did.
    public var signal: Int32?
    /// Whether the deadline passed first: then it was killed.
    public var timedOut: Bool

    public var output: String { String(decoding: bytes, as: UTF8.self) }
    /// The output without white space at its ends.
    public var text: String {
        String(output.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
    }
    public var lines: [String] { output.split(separator: "\n", omittingEmptySubsequences: true).map(String.init) }
}

/// A child process of a test. It is killed when the last reference to it goes and it still runs.
public final class RunningCommand: @unchecked Sendable {
    public enum Stream: Sendable { case output, errors }

    public let pid: pid_t
    private let pidfd: Int32
    private var input: Int32
    private var sources: [Stream: Int32] = [:]
    private var collected: [Stream: [UInt8]] = [.output: [], .errors: []]
    private var feed: [UInt8] = []
    private var result: (status: Int32, signal: Int32?)?

    /// Starts a command by absolute path.
    ///
    /// - Parameters:
    ///   - environment: the whole environment.
    ///   - terminal: the inner side of a pty that becomes its three streams and controlling terminal, or nil for pipes.
    public init(_ command: [String], environment: [String: String], directory: String = "/", terminal: Int32? = nil) {
        // A command that does not read its input must not end the tests.
        Glibc.signal(SIGPIPE, SIG_IGN)
        var inputPipe: [Int32] = [-1, -1]
        var outputPipe: [Int32] = [-1, -1]
        var errorPipe: [Int32] = [-1, -1]
        if terminal == nil {
            _ = GNUFunctions.pipe2(&inputPipe, O_CLOEXEC)
            _ = GNUFunctions.pipe2(&outputPipe, O_CLOEXEC)
            _ = GNUFunctions.pipe2(&errorPipe, O_CLOEXEC)
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (number, end) in [(Int32(0), inputPipe[0]), (1, outputPipe[1]), (2, errorPipe[1])] {
            posix_spawn_file_actions_adddup2(&actions, terminal ?? end, number)
        }
        _ = GNUFunctions.addChangeOfDirectory(&actions, directory)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigaddset(&signals, SIGPIPE)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        // A session of its own: a terminal's signals, and ours, stay apart.
        let flags = Int32(POSIX_SPAWN_SETSIGMASK) | Int32(POSIX_SPAWN_SETSIGDEF) | 0x80
        posix_spawnattr_setflags(&attributes, Int16(flags))

        var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in arguments + variables { free(text) } }
        var child: pid_t = 0
        let error = posix_spawn(&child, command[0], &actions, &attributes, &arguments, &variables)
        precondition(error == 0, "posix_spawn \(command[0]): \(String(cString: strerror(error)))")
        pid = child
        pidfd = GNUFunctions.pidfdOpen(child, 0)
        precondition(pidfd >= 0, "pidfd_open: \(String(cString: strerror(errno)))")
        input = inputPipe[1]
        guard terminal == nil else { return }
        for end in [inputPipe[0], outputPipe[1], errorPipe[1]] { close(end) }
        sources = [.output: outputPipe[0], .errors: errorPipe[0]]
        _ = fcntl(input, F_SETFL, O_NONBLOCK)
    }

    deinit {
        if result == nil {
            kill(pid, SIGKILL)
            _ = reap(wait: true)
        }
        for end in sources.values { close(end) }
        closeInput()
        close(pidfd)
    }

    /// Sends it a signal.
    public func signal(_ number: Int32) { kill(pid, number) }

    public func closeInput() {
        if input >= 0 { close(input) }
        input = -1
    }

    /// Writes to its standard input what fits into the pipe.
    public func write(_ text: String) {
        var bytes = Array(text.utf8)
        let count = Glibc.write(input, &bytes, bytes.count)
        precondition(count == bytes.count, "the pipe is full")
    }

    /// What has been read of its streams until now.
    public var outputSoFar: String { String(decoding: collected[.output] ?? [], as: UTF8.self) }
    public var errorsSoFar: String { String(decoding: collected[.errors] ?? [], as: UTF8.self) }

    /// Waits until its output contains a text; false when the deadline passes or all has ended without it.
    public func waitForOutput(_ text: String, in stream: Stream = .output, seconds: Double = 60) -> Bool {
        pump(seconds: seconds) { String(decoding: self.collected[stream] ?? [], as: UTF8.self).contains(text) }
            == .fulfilled
    }

    /// Feeds its standard input, closes that, and waits for the command and for the end of its streams.
    public func finish(input text: String? = nil, seconds: Double = 120) -> CommandResult {
        feed = Array((text ?? "").utf8)
        if feed.isEmpty { closeInput() }
        let outcome = pump(seconds: seconds) { false }
        if outcome == .late { kill(pid, SIGKILL) }
        if result == nil { _ = reap(wait: true) }
        return CommandResult(
            bytes: collected[.output] ?? [], errors: String(decoding: collected[.errors] ?? [], as: UTF8.self),
            status: result?.status ?? -1, signal: result?.signal, timedOut: outcome == .late)
    }

    private enum Outcome { case fulfilled, ended, late }

    /// Moves bytes until the condition holds, everything has ended, or time is up.
    private func pump(seconds: Double, until isFulfilled: () -> Bool) -> Outcome {
        let end = monotonicSeconds() + seconds
        while true {
            if isFulfilled() { return .fulfilled }
            if sources.isEmpty, result != nil { return .ended }
            let left = end - monotonicSeconds()
            guard left > 0 else { return .late }
            var polls = sources.values.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
            if result == nil { polls.append(pollfd(fd: pidfd, events: Int16(POLLIN), revents: 0)) }
            if !feed.isEmpty, input >= 0 { polls.append(pollfd(fd: input, events: Int16(POLLOUT), revents: 0)) }
            poll(&polls, nfds_t(polls.count), Int32(min(left * 1000, 1e9)) + 1)
            let ready = Set(polls.filter { $0.revents != 0 }.map(\.fd))
            for (stream, handle) in sources where ready.contains(handle) { drain(stream, handle) }
            if ready.contains(pidfd) { _ = reap(wait: false) }
            if ready.contains(input) { push() }
        }
    }

    private func drain(_ stream: Stream, _ handle: Int32) {
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = read(handle, &buffer, buffer.count)
        if count > 0 {
            collected[stream, default: []] += buffer[..<count]
        } else if count == 0 || errno != EINTR {
            close(handle)
            sources[stream] = nil
        }
    }

    private func push() {
        let count = feed.withUnsafeBytes { Glibc.write(input, $0.baseAddress, min($0.count, 65536)) }
        if count > 0 { feed.removeFirst(count) }
        if count < 0 && errno != EAGAIN { feed = [] }
        if feed.isEmpty { closeInput() }
    }

    private func reap(wait: Bool) -> Bool {
        var status: Int32 = 0
        guard waitpid(pid, &status, wait ? 0 : WNOHANG) == pid else { return false }
        let signal = status & 0x7f
        result = signal == 0 ? ((status >> 8) & 0xff, nil) : (128 + signal, signal)
        return true
    }
}

/// Seconds of the monotonic clock.
public func monotonicSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
