import ArgumentParser
import CFSCore

/// `cfs stop`: a signal, some patience, then SIGKILL.
struct StopCommand: ParsedVerb {
    static let configuration = CommandConfiguration(
        commandName: "stop",
        abstract: "Stop running containers.",
        usage: "cfs stop [<options>] <container> ...",
        discussion: """
            Sends the container's stop signal (TERM, unless the image or --stop-signal says otherwise), and KILL when it \
            still runs after the time is over.

            Example:
              cfs stop -t 3 web db
            """)

    static let optionNames = OptionNames(values: ["time t timeout"]) + GlobalOptions.optionNames

    @Option(
        name: [.customShort("t"), .customLong("time"), .customLong("timeout")],
        help: ArgumentHelp("Seconds to wait before KILL.", valueName: "seconds"))
    var time = 10

    @OptionGroup(title: "Engine options") var globals: GlobalOptions

    @Argument(help: "Containers, by name or ID.", completion: Completions.containers)
    var containers: [String]

    func perform() throws(CFSError) -> Int32 {
        guard (0...86_400).contains(time) else {
            throw CFSError(
                .invalidArgument, .parsing, "--time does not take \(time)", hint: "write seconds, 0 to 86400")
        }
        let engine = try globals.engine()
        return try References.each(containers) { reference throws(CFSError) in
            try engine.container(reference).stop(seconds: time)
            try StandardOutput.write("\(reference)\n")
        }
    }
}
