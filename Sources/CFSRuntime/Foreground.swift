import CFSLinux
import CFSModel
import Glibc

/// What a command does that stays until a process ends: it passes signals on, serves the process's terminal with its own,
/// and ends with the process's status. Made before the process, so that no signal is lost.
final class Foreground {
    private static let forwarded: [Int32] = [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT]

    private let signals: SignalDescriptor

    init() throws(CFSError) { signals = try SignalDescriptor(Self.forwarded) }

    /// - Parameters:
    ///   - process: a pidfd of a child.
    ///   - terminal: the outer side of its terminal, to be served here.
    /// - Returns: its exit status, or 128 and the signal's number.
    func serve(_ process: Int32, terminal: SharedFD?) throws(CFSError) -> Int32 {
        if let terminal { return try TerminalRelay(terminal).serve(process, signals) }
        let poll = try EventPoll()
        try poll.add(process, .readable, token: 0)
        try poll.add(signals.fd.raw, .readable, token: 1)
        while true {
            for event in try poll.wait() {
                if event.token == 0, let end = try ProcessControl.reap(process, wait: false) { return end.status }
                if event.token == 1 {
                    for number in try signals.pending() where number != SIGWINCH {
                        try ProcessControl.signal(process, number)
                    }
                }
            }
        }
    }
}

/// Copies between our terminal and that of a process, byte by byte as they come: what is typed goes in raw. Neither side
/// waits for the other, so a process that writes while it does not read is no deadlock.
private final class TerminalRelay {
    private let terminal: SharedFD
    private let poll: EventPoll
    /// What the process has not taken yet.
    private var typed: [UInt8] = []
    private var hasInput = true
    private var hasOutput = true
    private var isInputWatched = false

    init(_ terminal: SharedFD) throws(CFSError) {
        self.terminal = terminal
        poll = try EventPoll()
        let flags = fcntl(terminal.raw, F_GETFL)
        let set = fcntl(terminal.raw, F_SETFL, flags | O_NONBLOCK)
        try checked(set == -1 ? -Int(errno) : 0, "fcntl", .running)
    }

    func serve(_ process: Int32, _ signals: borrowing SignalDescriptor) throws(CFSError) -> Int32 {
        guard Terminal.isTerminal(0) else { return try pump(process, signals) }
        let raw = try RawMode(0)
        let status = try pump(process, signals)
        withExtendedLifetime(raw) {}
        return status
    }

    private func pump(_ process: Int32, _ signals: borrowing SignalDescriptor) throws(CFSError) -> Int32 {
        try takeSize()
        try poll.add(process, .readable, token: 0)
        try poll.add(signals.fd.raw, .readable, token: 1)
        try poll.add(terminal.raw, .readable, token: 2)
        // A file cannot be watched: it is always ready.
        isInputWatched = try poll.add(0, .readable, token: 3)
        var status: Int32?
        while status == nil {
            let isReady = hasInput && !isInputWatched && typed.isEmpty
            for event in try poll.wait(milliseconds: isReady ? 0 : -1) {
                switch event.token {
                case 0: status = try ProcessControl.reap(process, wait: false)?.status
                case 1: try pass(try signals.pending(), process)
                case 2:
                    if event.ready.contains(.writable) { try send() }
                    if hasOutput { try takeOutput() }
                default: try takeInput()
                }
            }
            if isReady { try takeInput() }
        }
        // What it has left behind in its terminal. Others may hold that open, and are not waited for.
        while hasOutput, try takeOutput() {}
        return status ?? 0
    }

    private func pass(_ numbers: [Int32], _ process: Int32) throws(CFSError) {
        for number in numbers {
            if number == SIGWINCH { try takeSize() } else { try ProcessControl.signal(process, number) }
        }
    }

    private func takeSize() throws(CFSError) {
        guard let size = Terminal.size(0) else { return }
        try Terminal.setSize(terminal.raw, size)
    }

    private func takeInput() throws(CFSError) {
        guard hasInput, typed.isEmpty else { return }
        typed = try File.read(0, atMost: 4096, path: "standard input")
        if typed.isEmpty {
            hasInput = false
            if isInputWatched { poll.remove(0) }
            return
        }
        try send()
    }

    /// Gives the process what it takes; what is left waits until it does, and nothing more is read until then.
    private func send() throws(CFSError) {
        let isWaiting = !typed.isEmpty
        while !typed.isEmpty {
            let count = typed.withUnsafeBytes { File.write(terminal.raw, $0) }
            if count == -ErrorCode.again { break }
            // Its other side is closed: nobody reads any more.
            typed.removeFirst(count < 0 ? typed.count : count)
        }
        guard isWaiting, hasOutput else { return }
        try poll.modify(terminal.raw, typed.isEmpty ? .readable : [.readable, .writable], token: 2)
        guard isInputWatched, hasInput else { return }
        try poll.modify(0, typed.isEmpty ? .readable : [], token: 3)
    }

    /// - Returns: whether there was anything. The last process that has the terminal open makes it end with EIO.
    @discardableResult
    private func takeOutput() throws(CFSError) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = buffer.withUnsafeMutableBytes { File.read(terminal.raw, into: $0) }
        if count == -ErrorCode.again { return false }
        guard count > 0 else {
            hasOutput = false
            poll.remove(terminal.raw)
            return false
        }
        try File.writeAll(1, Array(buffer[..<count]), path: "standard output")
        return true
    }
}
