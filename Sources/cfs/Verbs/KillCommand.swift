import ArgumentParser
import CFSCore
import CFSOptions

/// `cfs kill`: a signal, at once.
struct KillCommand: ParsedVerb {
    static let configuration = CommandConfiguration(
        commandName: "kill",
        abstract: "Send a signal to running containers.",
        usage: "cfs kill [<options>] <container> ...",
        discussion: """
            Example:
              cfs kill -s HUP web
            """)

    static let optionNames = OptionNames(values: ["signal s"]) + GlobalOptions.optionNames

    @Option(name: .shortAndLong, help: ArgumentHelp("Name or number of the signal.", valueName: "signal"))
    var signal = "KILL"

    @OptionGroup(title: "Engine options") var globals: GlobalOptions

    @Argument(help: "Containers, by name or ID.", completion: Completions.running)
    var containers: [String]

    func perform() throws(CFSError) -> Int32 {
        let number = try Signal.number(signal)
        let engine = try globals.engine()
        return try References.eachContainer(containers, engine) { container throws(CFSError) in
            try container.signal(number)
        }
    }
}
