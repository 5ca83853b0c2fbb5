import CFSCore

/// Everything that `exec` knows of a command.
package struct ExecOptions {
    package static let optionNames =
        StreamOptions.optionNames
        + OptionNames(flags: ["privileged"], values: ["workdir w", "user u"], lists: ["env e", "env-file"])

    package let streams: StreamOptions
    package let container: String
    private let command: [String]
    private let env: [String]
    private let envFile: [String]
    private let workdir: String?
    private let user: String?
    private let privileged: Bool

    /// - Parameter verb: as the user wrote it, for errors.
    /// - Throws: `.invalidArgument` when there is no container or no command.
    package init(_ arguments: CanonicalArguments, verb: String) throws(CFSError) {
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
    package func request(_ caller: Caller) throws(CFSError) -> ExecutionRequest {
        var request = ExecutionRequest(command: command)
        request.environment = try EnvironmentSyntax.variables(files: envFile, options: env, caller)
        request.workingDirectory = try ProcessSyntax.workingDirectory(workdir)
        request.user = try ProcessSyntax.user(user)
        request.terminal = streams.tty
        request.interactive = streams.interactive
        request.privileged = privileged
        return request
    }
}
