import ArgumentParser
import CFSCore
import CFSOptions

/// `cfs wait`: until containers have ended.
struct WaitCommand: ParsedVerb {
    static let configuration = CommandConfiguration(
        commandName: "wait",
        abstract: "Wait until containers have ended, and print their exit statuses.",
        usage: "cfs wait [<options>] <container> ...",
        discussion: """
            Prints a line for each container, in the order of the command line. With --condition removed it waits until \
            they are gone.

            Example:
              cfs wait web db
            """)

    static let optionNames = OptionNames(values: ["condition"]) + GlobalOptions.optionNames

    @Option(
        help: ArgumentHelp("Wait for not-running (the default) or removed.", valueName: "condition"),
        completion: .list(["not-running", "removed"]))
    var condition: String?

    @OptionGroup(title: "Engine options") var globals: GlobalOptions

    @Argument(help: "Containers, by name or ID.", completion: Completions.containers)
    var containers: [String]

    func perform() throws(CFSError) -> Int32 {
        let condition = try Self.condition(condition)
        let engine = try globals.engine()
        // All are watched before any is waited for: one that removes itself meanwhile is not missed.
        var watched: [PendingEnd] = []
        let watching = try References.each(containers) { reference throws(CFSError) in
            watched.append(try engine.container(reference).beginWait(condition))
        }
        // What fails here is the output, and no container's.
        let waiting = try References.each(watched, named: { _ in nil }) { pending throws(CFSError) in
            try StandardOutput.write("\(pending.wait().code)\n")
        }
        return max(watching, waiting)
    }

    static func condition(_ text: String?) throws(CFSError) -> WaitCondition {
        switch text {
        case nil, "not-running": .notRunning
        case "removed": .removed
        case let text?:
            throw CFSError(
                .invalidArgument, .parsing, "--condition does not take \"\(text)\"",
                hint: "write not-running or removed")
        }
    }
}
