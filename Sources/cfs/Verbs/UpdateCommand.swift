import ArgumentParser
import CFSCore
import CFSOptions

/// `cfs update`: other limits for containers that are there.
struct UpdateCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "update",
        abstract: "Change the limits of containers, also while they run.",
        usage: "cfs update <options> <container> ...",
        discussion: """
            Limits that are not named stay as they are. A memory limit below what is in use is an error.

            Example:
              cfs update --memory 1g --cpus 1.5 web
            """)

    static let optionNames = LimitOptions.optionNames + GlobalOptions.optionNames

    @OptionGroup(title: "Limits") var limits: LimitOptions.Declaration
    @OptionGroup(title: "Engine options") var globals: GlobalOptions

    @Argument(help: "Containers, by name or ID.", completion: Completions.containers)
    var containers: [String]

    static func perform(_ arguments: CanonicalArguments, name: String) throws(CFSError) -> Int32 {
        let caller = Caller.current
        let changes = try changes(arguments, name, caller, .current)
        let engine = try GlobalOptions.engine(arguments, caller)
        return try References.each(arguments.words) { reference throws(CFSError) in
            try engine.container(reference).update(changes)
            try StandardOutput.write("\(reference)\n")
        }
    }

    /// - Throws: `.invalidArgument` for the first option that is wrong, without a container, and without an option.
    static func changes(
        _ arguments: CanonicalArguments, _ name: String, _ caller: Caller, _ host: HostFacts
    ) throws(CFSError) -> RuntimeSpec.Resources {
        _ = try arguments.word(0, "container", verb: name)
        var changes = RuntimeSpec.Resources()
        try LimitOptions(arguments).fill(&changes, caller, host)
        guard changes != RuntimeSpec.Resources() else {
            throw CFSError(
                .invalidArgument, .parsing, "no limit is named, so nothing would change",
                hint: "name one: cfs update --memory 1g \(arguments.words[0])")
        }
        return changes
    }
}
