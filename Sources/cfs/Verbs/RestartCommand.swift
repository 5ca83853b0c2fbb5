import ArgumentParser
import CFSCore
import CFSOptions

/// `cfs restart`: stop, then start.
struct RestartCommand: ParsedVerb {
    static let configuration = CommandConfiguration(
        commandName: "restart",
        abstract: "Stop containers and start them again.",
        usage: "cfs restart [<options>] <container> ...",
        discussion: """
            One that does not run is only started.

            Example:
              cfs restart -t 3 web
            """)

    static let optionNames = OptionNames(values: ["time t timeout"]) + GlobalOptions.optionNames

    @Option(
        name: [.customShort("t"), .customLong("time"), .customLong("timeout")],
        help: ArgumentHelp(
            "Seconds to wait before KILL (default: those of --stop-timeout, or 10).", valueName: "seconds"))
    var time: Int?

    @OptionGroup(title: "Engine options") var globals: GlobalOptions

    @Argument(help: "Containers, by name or ID.", completion: Completions.containers)
    var containers: [String]

    func perform() throws(CFSError) -> Int32 {
        let seconds = try StopCommand.seconds(time)
        let engine = try globals.engine()
        return try References.eachContainer(containers, engine) { container throws(CFSError) in
            _ = try container.restart(seconds: seconds)
        }
    }
}
