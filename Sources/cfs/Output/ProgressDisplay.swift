import CFSCore
import CFSLinux
import CFSOptions
import Synchronization

/// Shows progress on standard error: a bar that is drawn over and over on a terminal, a line for each phase elsewhere.
///
/// Progress comes from any thread.
final class ProgressDisplay: Sendable {
    enum Kind: Sendable, Equatable {
        case bar
        case lines
        case nothing

        /// - Parameter quiet: the user wants none.
        init(quiet: Bool, isTerminal: Bool, _ caller: Caller) {
            if quiet {
                self = .nothing
            } else {
                self = isTerminal && caller.variable("TERM") != "dumb" ? .bar : .lines
            }
        }
    }

    private struct State {
        var phase: ImportProgress.Phase?
        var drawnAt: UInt64 = 0
    }

    /// A bar is drawn ten times a second: more cannot be read.
    private static let interval: UInt64 = 100_000_000
    private static let eraseLine = "\r\u{1b}[K"

    private let kind: Kind
    private let state = Mutex(State())
    private let write: @Sendable (String) -> Void

    init(_ kind: Kind, write: @escaping @Sendable (String) -> Void = { StandardError.write($0) }) {
        self.kind = kind
        self.write = write
    }

    convenience init(quiet: Bool) {
        self.init(Kind(quiet: quiet, isTerminal: Terminal.isTerminal(2), Caller.current))
    }

    func show(_ progress: ImportProgress) {
        guard kind != .nothing else { return }
        state.withLock { state in
            let isNew = state.phase != progress.phase
            state.phase = progress.phase
            if kind == .lines {
                if isNew { write(ProgressBar.plainLine(progress) + "\n") }
                return
            }
            let now = SystemClock.monotonic
            guard isNew || now - state.drawnAt >= Self.interval || progress.done == progress.total else { return }
            state.drawnAt = now
            write(Self.eraseLine + ProgressBar.line(progress, columns: Terminal.size(2).map { Int($0.columns) } ?? 80))
        }
    }

    /// Takes the bar away again.
    func finish() {
        state.withLock { state in
            if kind == .bar, state.phase != nil { write(Self.eraseLine) }
            state.phase = nil
        }
    }
}
