import CFSCore
import CFSLinux

/// The caller's terminal while a command inside has it.
final class CallerTerminal {
    private let descriptor: Int32
    private let isRawWanted: Bool
    private var raw: RawMode?

    /// - Parameters:
    ///   - descriptor: of the terminal.
    ///   - isRaw: whether every key goes to the command as it is, Ctrl-C too.
    init(_ descriptor: Int32 = 0, isRaw: Bool) {
        self.descriptor = descriptor
        isRawWanted = isRaw
    }

    /// Whether raw mode is on: a line feed alone does not go back to the left edge then.
    var isRaw: Bool { raw != nil }

    /// Switches to raw mode where that is wanted; when it was on, the mode from before is taken up first.
    func enter() throws(CFSError) {
        leave()
        if isRawWanted { raw = try RawMode(descriptor) }
    }

    /// Takes the terminal back to how it was.
    func leave() { raw = nil }
}
