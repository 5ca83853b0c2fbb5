import ArgumentParser
import CFSCore
import CFSLinux

/// How a command is joined to the caller's terminal: options of `run` and `exec`.
struct StreamOptions {
    static let optionNames = OptionNames(
        flags: ["detach d", "interactive i", "tty t"], values: ["detach-keys"])

    let detach: Bool
    let interactive: Bool
    let tty: Bool
    private let keys: String?

    init(_ arguments: CanonicalArguments) {
        detach = arguments.has("detach")
        interactive = arguments.has("interactive")
        tty = arguments.has("tty")
        keys = arguments.value("detach-keys")
    }

    /// The bytes of the keys that detach.
    func detachKeys() throws(CFSError) -> [UInt8] { try DetachKeysSyntax.keys(keys) }

    /// Throws when the command shall share the caller's terminal and there is none.
    func checkTerminal() throws(CFSError) {
        guard tty, !detach, !Terminal.isTerminal(0) else { return }
        throw CFSError(
            .terminalRequired, .parsing, "the input device is not a terminal",
            hint: "leave -t away, or call cfs from a terminal")
    }

    /// For help texts and completions.
    struct Declaration: ParsableArguments {
        @Flag(name: .shortAndLong, help: "Keep it in the background; prints the container's ID.")
        var detach = false

        @Flag(name: .shortAndLong, help: "Keep standard input open for the command.")
        var interactive = false

        @Flag(name: .shortAndLong, help: "Give the command a terminal.")
        var tty = false

        @Option(help: DetachKeysSyntax.help)
        var detachKeys: String?
    }

    /// The same for one more command in a container, which has no ID to print.
    struct EntryDeclaration: ParsableArguments {
        @Flag(name: .shortAndLong, help: "Leave it in the background; prints nothing.")
        var detach = false

        @Flag(name: .shortAndLong, help: "Keep standard input open for the command.")
        var interactive = false

        @Flag(name: .shortAndLong, help: "Give the command a terminal.")
        var tty = false

        @Option(help: DetachKeysSyntax.help)
        var detachKeys: String?
    }
}
