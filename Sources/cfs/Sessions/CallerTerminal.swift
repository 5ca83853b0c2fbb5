import CFSCore
import CFSLinux

/// The caller's terminal while a command inside has it.
final class CallerTerminal {
    private let isRawWanted: Bool
    private var raw: RawMode?

    /// - Parameter isRaw: whether every key goes to the command as it is, Ctrl-C too.
    init(isRaw: Bool) { isRawWanted = isRaw }

    /// Switches to raw mode where that is wanted; when it was on, the mode from before is taken up first.
    func enter() throws(CFSError) {
        leave()
        if isRawWanted { raw = try RawMode(0) }
    }

    /// Takes the terminal back to how it was.
    func leave() { raw = nil }
}
