import ArgumentParser
import CFSCore
import CFSOptions

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

    @Argument(help: "Containers, by name or ID.", completion: Completions.running)
    var containers: [String]

    /// What --time takes.
    static func seconds(_ time: Int) throws(CFSError) -> Int {
        guard (0...86_400).contains(time) else {
            throw CFSError(
                .invalidArgument, .parsing, "--time does not take \(time)", hint: "write seconds, 0 to 86400")
        }
        return time
    }

    func perform() throws(CFSError) -> Int32 {
        let time = try Self.seconds(time)
        let engine = try globals.engine()
        // All are asked before any is waited for: the time of each runs at once.
        var asked: [(reference: String, stop: PendingStop)] = []
        let asking = try References.each(containers) { reference throws(CFSError) in
            asked.append((reference, try engine.container(reference).beginStop(seconds: time)))
        }
        let waiting = try References.each(asked) { container throws(CFSError) in
            try container.stop.wait()
            try StandardOutput.write("\(container.reference)\n")
        }
        return max(asking, waiting)
    }
}
