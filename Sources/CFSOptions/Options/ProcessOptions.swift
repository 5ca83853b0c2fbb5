import CFSCore

/// The process that runs inside: its environment, its user, its folder.
package struct ProcessOptions {
    package static let optionNames = OptionNames(
        flags: ["init"],
        values: ["workdir w", "user u", "entrypoint", "stop-signal", "stop-timeout", "umask", "oom-score-adj"],
        lists: ["env e", "env-file", "group-add", "ulimit"])

    package let env: [String]
    package let envFile: [String]
    package let workdir: String?
    package let user: String?
    package let groupAdd: [String]
    package let entrypoint: String?
    package let initProcess: Bool
    package let stopSignal: String?
    package let stopTimeout: String?
    package let umask: String?
    package let oomScoreAdj: String?
    package let ulimit: [String]

    package init(_ arguments: CanonicalArguments) {
        env = arguments.values("env")
        envFile = arguments.values("env-file")
        workdir = arguments.value("workdir")
        user = arguments.value("user")
        groupAdd = arguments.values("group-add")
        entrypoint = arguments.value("entrypoint")
        initProcess = arguments.has("init")
        stopSignal = arguments.value("stop-signal")
        stopTimeout = arguments.value("stop-timeout")
        umask = arguments.value("umask")
        oomScoreAdj = arguments.value("oom-score-adj")
        ulimit = arguments.values("ulimit")
    }

    package func fill(_ spec: inout ContainerSpec, _ caller: Caller) throws(CFSError) {
        spec.environment = try EnvironmentSyntax.variables(files: envFile, options: env, caller)
        spec.workingDirectory = try ProcessSyntax.workingDirectory(workdir)
        spec.user = try ProcessSyntax.user(user)
        for text in groupAdd { spec.additionalGroups.append(try ProcessSyntax.group(text)) }
        spec.entrypoint = entrypoint.map { $0.isEmpty ? [] : [$0] }
        spec.initProcess = initProcess
        if let stopSignal { spec.stopSignal = try Signal.number(stopSignal) }
        if let stopTimeout { spec.stopTimeout = try ProcessSyntax.stopTimeout(stopTimeout) }
        if let umask { spec.umask = try ProcessSyntax.umask(umask) }
        if let oomScoreAdj { spec.oomScoreAdjustment = try ProcessSyntax.oomScore(oomScoreAdj) }
        for text in ulimit { spec.limits.append(try UlimitSyntax.limit(text)) }
    }
}
