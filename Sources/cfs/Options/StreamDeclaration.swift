import ArgumentParser
import CFSCore
import CFSOptions

extension StreamOptions {
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

extension DetachKeysSyntax {
    static let help = ArgumentHelp(
        "Keys that leave the command to itself; \"\" for none (default: ctrl-p,ctrl-q).", valueName: "keys")
}
