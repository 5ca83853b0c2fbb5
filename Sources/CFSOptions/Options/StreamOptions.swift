import CFSCore
import CFSLinux

/// How a command is joined to the caller's terminal: options of `run` and `exec`.
package struct StreamOptions {
    package static let optionNames = OptionNames(
        flags: ["detach d", "interactive i", "tty t"], values: ["detach-keys"])

    package let detach: Bool
    package let interactive: Bool
    package let tty: Bool
    private let keys: String?

    package init(_ arguments: CanonicalArguments) {
        detach = arguments.has("detach")
        interactive = arguments.has("interactive")
        tty = arguments.has("tty")
        keys = arguments.value("detach-keys")
    }

    package var hasDetachKeys: Bool { keys != nil }

    /// The bytes of the keys that detach.
    package func detachKeys() throws(CFSError) -> [UInt8] { try DetachKeysSyntax.keys(keys) }

    /// Throws when the command shall share the caller's terminal and there is none.
    package func checkTerminal() throws(CFSError) {
        guard tty, !detach, !Terminal.isTerminal(0) else { return }
        throw CFSError(
            .terminalRequired, .parsing, "the input device is not a terminal",
            hint: "leave -t away, or call cfs from a terminal")
    }
}
