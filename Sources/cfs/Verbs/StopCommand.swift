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
        help: ArgumentHelp(
            "Seconds to wait before KILL (default: those of --stop-timeout, or 10).", valueName: "seconds"))
    var time: Int?

    @OptionGroup(title: "Engine options") var globals: GlobalOptions

    @Argument(help: "Containers, by name or ID.", completion: Completions.running)
    var containers: [String]

    /// What --time takes; nil leaves it to the container.
    static func seconds(_ time: Int?) throws(CFSError) -> Int? {
        guard let time else { return nil }
        guard ContainerSpec.stopTimeouts.contains(time) else {
            throw CFSError(
                .invalidArgument, .parsing, "--time does not take \(time)", hint: "write seconds, 0 to 86400")
        }
        return time
    }

    func perform() throws(CFSError) -> Int32 {
        let time = try Self.seconds(time)
        let engine = try globals.engine()
        // All are asked before any is waited for: the time of each runs at once. One that is named twice is asked once.
        var asked: [(reference: String, id: ContainerID, stop: PendingStop?)] = []
        let asking = try References.each(containers) { reference throws(CFSError) in
            let container = try engine.container(reference)
            let isAsked = asked.contains { $0.id == container.id }
            asked.append((reference, container.id, isAsked ? nil : try container.beginStop(seconds: time)))
        }
        var failed: Set<ContainerID> = []
        let waiting = try References.each(asked, named: { containers.count > 1 ? $0.reference : nil }) {
            container throws(CFSError) in
            do throws(CFSError) {
                try container.stop?.wait()
            } catch {
                failed.insert(container.id)
                throw error
            }
            if !failed.contains(container.id) { try StandardOutput.write("\(container.reference)\n") }
        }
        return max(asking, waiting)
    }
}
