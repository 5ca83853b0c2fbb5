import ArgumentParser
import CFSCore
import CFSOptions

/// `cfs rm`: containers and what they wrote.
struct RmCommand: ParsedVerb {
    static let configuration = CommandConfiguration(
        commandName: "rm",
        abstract: "Remove containers.",
        usage: "cfs rm [<options>] <container> ...",
        discussion: """
            Example:
              cfs rm -f web
            """)

    static let optionNames = OptionNames(flags: ["force f"]) + GlobalOptions.optionNames

    @Flag(name: .shortAndLong, help: "Kill a container that runs.")
    var force = false

    @OptionGroup(title: "Engine options") var globals: GlobalOptions

    @Argument(help: "Containers, by name or ID.", completion: Completions.containers)
    var containers: [String]

    func perform() throws(CFSError) -> Int32 {
        let engine = try globals.engine()
        return try References.eachContainer(containers, engine) { container throws(CFSError) in
            try container.remove(force: force)
        }
    }
}
