import ArgumentParser
import CFSCore

/// Everything that `exec` knows of a command.
struct ExecOptions {
    static let optionNames =
        StreamOptions.optionNames
        + OptionNames(flags: ["privileged"], values: ["env e", "env-file", "workdir w", "user u"])
        + GlobalOptions.optionNames

    let streams: StreamOptions
    let container: String
    private let command: [String]
    private let env: [String]
    private let envFile: [String]
    private let workdir: String?
    private let user: String?
    private let privileged: Bool

    /// - Parameter verb: as the user wrote it, for errors.
    /// - Throws: `.invalidArgument` when there is no container or no command.
    init(_ arguments: CanonicalArguments, verb: String) throws(CFSError) {
        container = try arguments.word(0, "container", verb: verb)
        _ = try arguments.word(1, "command", verb: verb)
        command = Array(arguments.words.dropFirst())
        streams = StreamOptions(arguments)
        env = arguments.values("env")
        envFile = arguments.values("env-file")
        workdir = arguments.value("workdir")
        user = arguments.value("user")
        privileged = arguments.has("privileged")
    }

    /// What the options ask for; the terminal's size is not among it.
    func request(_ caller: Caller) throws(CFSError) -> ExecutionRequest {
        var request = ExecutionRequest(command: command)
        request.environment = try EnvironmentSyntax.variables(files: envFile, options: env, caller)
        request.workingDirectory = try ProcessSyntax.workingDirectory(workdir)
        request.user = try ProcessSyntax.user(user)
        request.terminal = streams.tty
        request.interactive = streams.interactive
        request.privileged = privileged
        return request
    }

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
