import ArgumentParser
import CFSCore
import CFSOptions

extension ExecOptions {
    /// For help texts and completions.
    struct Declaration: ParsableArguments {
        @OptionGroup(title: "Streams") var streams: StreamOptions.EntryDeclaration

        @Option(
            name: .shortAndLong,
            help: ArgumentHelp("Set a variable; KEY alone takes the caller's value.", valueName: "KEY=VALUE"))
        var env: [String] = []

        @Option(help: ArgumentHelp("Read variables from a file.", valueName: "file"), completion: .file())
        var envFile: [String] = []

        @Option(name: .shortAndLong, help: ArgumentHelp("Working directory inside.", valueName: "path"))
        var workdir: String?

        @Option(
            name: .shortAndLong, help: ArgumentHelp("User name or ID, with a group or not.", valueName: "user[:group]"))
        var user: String?

        @Flag(help: "Give all capabilities and no seccomp filter.")
        var privileged = false

        @OptionGroup(title: "Engine options") var globals: GlobalOptions

        @Argument(help: "The container, by name or ID.", completion: Completions.running)
        var container: String

        @Argument(help: "The command inside, with its arguments.")
        var command: [String]
    }
}
