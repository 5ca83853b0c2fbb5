import ArgumentParser
import CFSCore
import CFSLinux

/// `cfs exec`: one more command in a running container.
struct ExecCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "exec",
        abstract: "Run one more command in a running container.",
        usage: "cfs exec [<options>] <container> <command> ...",
        discussion: """
            Options end at the container: what follows belongs to the command. The exit status is as with "cfs run".

            Example:
              cfs exec -it web sh
            """)

    static let optionNames =
        OptionNames(flags: ["privileged"], values: ["env e", "env-file", "workdir w", "user u"])
        + StreamOptions.optionNames + GlobalOptions.optionNames
    static let optionsEndAtFirstWord = true
    static let startsCommand = true

    @OptionGroup var streams: StreamOptions

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("Set a variable; KEY alone takes the caller's value.", valueName: "KEY=VALUE"))
    var env: [String] = []

    @Option(help: ArgumentHelp("Read variables from a file.", valueName: "file"), completion: .file())
    var envFile: [String] = []

    @Option(name: .shortAndLong, help: ArgumentHelp("Working directory inside.", valueName: "path"))
    var workdir: String?

    @Option(name: .shortAndLong, help: ArgumentHelp("User name or ID, with a group or not.", valueName: "user[:group]"))
    var user: String?

    @Flag(help: "Give all capabilities and no seccomp filter.")
    var privileged = false

    @OptionGroup(title: "Engine options") var globals: GlobalOptions

    @Argument(help: "The container, by name or ID.", completion: Completions.containers)
    var container: String

    @Argument(help: "The command inside, with its arguments.")
    var command: [String]

    static func quick(_ arguments: CanonicalArguments) -> Self? {
        guard arguments.words.count > 1, let container = arguments.words.first else { return nil }
        var verb = Self()
        verb.streams = .taking(arguments)
        verb.env = arguments.values("env")
        verb.envFile = arguments.values("env-file")
        verb.workdir = arguments.value("workdir")
        verb.user = arguments.value("user")
        verb.privileged = arguments.has("privileged")
        verb.globals = .taking(arguments)
        verb.container = container
        verb.command = Array(arguments.words.dropFirst())
        return verb
    }

    func perform() throws(CFSError) -> Int32 {
        let request = try request(Caller.current)
        try streams.checkTerminal()
        let target = try globals.engine().container(container)
        if streams.detach {
            _ = try target.execute(request, .none)
            return 0
        }
        let status = try AttachedSession.run(terminal: request.terminal, interactive: request.interactive) {
            () throws(CFSError) in
            try target.execute(request, .inherited)
        }
        return status.code
    }

    /// What the options ask for.
    func request(_ caller: Caller) throws(CFSError) -> ExecutionRequest {
        var request = ExecutionRequest(command: command)
        request.environment = try EnvironmentSyntax.variables(files: envFile, options: env, caller)
        request.workingDirectory = try ProcessSyntax.workingDirectory(workdir)
        request.user = try ProcessSyntax.user(user)
        request.terminal = streams.tty
        request.interactive = streams.interactive
        request.privileged = privileged
        if streams.tty { request.windowSize = Terminal.size(0) }
        return request
    }
}
