import ArgumentParser
import CFSCore
import CFSOptions

/// `cfs update`: other limits, or another restart policy, for containers that are there.
struct UpdateCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "update",
        abstract: "Change limits and the restart policy of containers, also while they run.",
        usage: "cfs update <options> <container> ...",
        discussion: """
            What is not named stays as it is. A memory limit below what is in use is an error. A restart policy holds from \
            the next end on.

            Examples:
              cfs update --memory 1g --cpus 1.5 web
              cfs update --restart unless-stopped web
            """)

    static let optionNames =
        LimitOptions.optionNames + OptionNames(values: ["restart"]) + GlobalOptions.optionNames

    @Option(
        help: ArgumentHelp(
            "Start it again after its end: no, on-failure[:n], always or unless-stopped.", valueName: "policy"),
        completion: .list(["no", "on-failure", "always", "unless-stopped"]))
    var restart: String?

    @OptionGroup(title: "Limits") var limits: LimitOptions.Declaration
    @OptionGroup(title: "Engine options") var globals: GlobalOptions

    @Argument(help: "Containers, by name or ID.", completion: Completions.containers)
    var containers: [String]

    static func perform(_ arguments: CanonicalArguments, name: String) throws(CFSError) -> Int32 {
        let caller = Caller.current
        let (changes, restart) = try changes(arguments, name, caller, .current)
        let engine = try GlobalOptions.engine(arguments, caller)
        return try References.eachContainer(arguments.words, engine) { container throws(CFSError) in
            try container.update(changes, restart: restart)
        }
    }

    /// - Throws: `.invalidArgument` for the first option that is wrong, without a container, and without an option.
    static func changes(
        _ arguments: CanonicalArguments, _ name: String, _ caller: Caller, _ host: HostFacts
    ) throws(CFSError) -> (limits: RuntimeSpec.Resources, restart: RestartPolicy?) {
        _ = try arguments.word(0, "container", verb: name)
        var changes = RuntimeSpec.Resources()
        try LimitOptions(arguments).fill(&changes, caller, host)
        let text = arguments.value("restart")
        guard changes != RuntimeSpec.Resources() || text != nil else {
            throw CFSError(
                .invalidArgument, .parsing, "neither a limit nor a restart policy is named, so nothing would change",
                hint: "name one: cfs update --memory 1g \(arguments.words[0])")
        }
        guard let text else { return (changes, nil) }
        return (changes, try RestartPolicy(text))
    }
}
