import CFSCore
import CFSLinux
import Glibc

/// The whole terminal for a view that is drawn over and over, on its second screen; on every way out the first one stands
/// there as it was (XTerm Control Sequences, private modes 25 and 1049).
final class LiveScreen {
    enum Event: Equatable {
        case timeout
        case key(UInt8)
        /// It must be drawn anew.
        case disturbed
        /// A signal ends the view; by SIGINT, and the key that sends it elsewhere, in good order.
        case ended(by: Int32)
    }

    private enum Token {
        static let signals: UInt64 = 1
        static let keys: UInt64 = 2
    }

    private enum Key {
        static let interrupt: UInt8 = 3
        static let suspend: UInt8 = 26
        static let quit: UInt8 = 28
    }

    private let signals: SignalDescriptor
    private let poll: EventPoll
    private let keys: CallerTerminal
    private let readsKeys: Bool

    /// Takes the terminal of standard output; keys come from standard input, where that is one.
    init() throws(CFSError) {
        signals = try SignalDescriptor([SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGWINCH, SIGTSTP, SIGCONT])
        poll = try EventPoll()
        readsKeys = Terminal.isTerminal(0)
        keys = CallerTerminal(isRaw: readsKeys)
        try poll.add(signals.fd.raw, [.readable], token: Token.signals)
        if readsKeys { try poll.add(0, [.readable], token: Token.keys) }
        try enter()
    }

    deinit { leave() }

    private func enter() throws(CFSError) {
        try keys.enter()
        try StandardOutput.write("\u{1b}[?1049h\u{1b}[?25l")
    }

    /// Gives the terminal back.
    func leave() {
        do throws(CFSError) {
            try StandardOutput.write("\u{1b}[?25h\u{1b}[?1049l")
        } catch {
            // The terminal has gone, and with it what was on it.
        }
        keys.leave()
    }

    static var size: WindowSize {
        guard let size = Terminal.size(1), size.rows > 0, size.columns > 0 else {
            return WindowSize(rows: 24, columns: 80)
        }
        return size
    }

    /// Draws lines from the top; those that do not fit are cut off.
    func draw(_ lines: [String]) throws(CFSError) {
        var text = "\u{1b}[H"
        for (index, line) in lines.prefix(Int(Self.size.rows)).enumerated() {
            // Raw mode adds no carriage returns.
            text += (index == 0 ? "" : "\r\n") + line + "\u{1b}[K"
        }
        try StandardOutput.write(text + "\u{1b}[J")
    }

    /// Waits for a key, a signal, or until `milliseconds` have passed.
    func wait(milliseconds: Int32) throws(CFSError) -> Event {
        let events = try poll.wait(milliseconds: milliseconds)
        if events.contains(where: { $0.token == Token.signals }) {
            for number in try signals.pending() {
                switch number {
                case SIGWINCH: return .disturbed
                case SIGTSTP: return try suspend()
                case SIGCONT:
                    // A shell that let us go on after a stop has set the terminal as it likes it.
                    try enter()
                    return .disturbed
                default: return .ended(by: number)
                }
            }
        }
        if events.contains(where: { $0.token == Token.keys }) { return try key() }
        return .timeout
    }

    private func key() throws(CFSError) -> Event {
        var byte: UInt8 = 0
        let count = withUnsafeMutableBytes(of: &byte) { File.read(0, into: $0) }
        // The terminal has hung up.
        guard count == 1 else { return .ended(by: SIGHUP) }
        switch byte {
        case Key.interrupt: return .ended(by: SIGINT)
        case Key.quit: return .ended(by: SIGQUIT)
        case Key.suspend: return try suspend()
        default: return .key(byte)
        }
    }

    /// Stops until somebody lets it go on, with the terminal as it was.
    private func suspend() throws(CFSError) -> Event {
        // Its caller's shell knows another process, and could not let this one go on.
        guard HostedProcess.user == nil else { return .disturbed }
        leave()
        raise(SIGSTOP)
        try enter()
        return .disturbed
    }
}
