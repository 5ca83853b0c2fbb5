import ArgumentParser
import CFSCore

/// The process that runs inside: its environment, its user, its folder.
struct ProcessOptions {
    static let optionNames = OptionNames(
        flags: ["init"],
        values: [
            "env e", "env-file", "workdir w", "user u", "entrypoint", "stop-signal", "umask", "oom-score-adj", "ulimit",
        ])

    let env: [String]
    let envFile: [String]
    let workdir: String?
    let user: String?
    let entrypoint: String?
    let initProcess: Bool
    let stopSignal: String?
    let umask: String?
    let oomScoreAdj: String?
    let ulimit: [String]

    init(_ arguments: CanonicalArguments) {
        env = arguments.values("env")
        envFile = arguments.values("env-file")
        workdir = arguments.value("workdir")
        user = arguments.value("user")
        entrypoint = arguments.value("entrypoint")
        initProcess = arguments.has("init")
        stopSignal = arguments.value("stop-signal")
        umask = arguments.value("umask")
        oomScoreAdj = arguments.value("oom-score-adj")
        ulimit = arguments.values("ulimit")
    }

    func fill(_ spec: inout ContainerSpec, _ caller: Caller) throws(CFSError) {
        spec.environment = try EnvironmentSyntax.variables(files: envFile, options: env, caller)
        spec.workingDirectory = try ProcessSyntax.workingDirectory(workdir)
        spec.user = try ProcessSyntax.user(user)
        spec.entrypoint = entrypoint.map { $0.isEmpty ? [] : [$0] }
        spec.initProcess = initProcess
        if let stopSignal { spec.stopSignal = try Signal.number(stopSignal) }
        if let umask { spec.umask = try ProcessSyntax.umask(umask) }
        if let oomScoreAdj { spec.oomScoreAdjustment = try ProcessSyntax.oomScore(oomScoreAdj) }
        for text in ulimit { spec.limits.append(try UlimitSyntax.limit(text)) }
    }

    /// For help texts and completions.
    struct Declaration: ParsableArguments {
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

        @Option(help: ArgumentHelp("Replace the image's entry point; \"\" removes it.", valueName: "program"))
        var entrypoint: String?

        @Flag(name: .customLong("init"), help: "Run an init inside that reaps processes and forwards signals.")
        var initProcess = false

        @Option(help: ArgumentHelp("Signal of \"cfs stop\" (default: the image's, or TERM).", valueName: "signal"))
        var stopSignal: String?

        @Option(help: ArgumentHelp("File mode creation mask, octal (default: 022).", valueName: "mask"))
        var umask: String?

        @Option(help: ArgumentHelp("Preference of the OOM killer, -1000 to 1000.", valueName: "score"))
        var oomScoreAdj: String?

        @Option(help: ArgumentHelp("Resource limit: nofile=1024:4096.", valueName: "name=soft[:hard]"))
        var ulimit: [String] = []
    }
}
