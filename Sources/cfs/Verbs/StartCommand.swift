import ArgumentParser
import CFSCore
import CFSLinux
import CFSOptions

/// `cfs start`: containers that were created, or that have ended.
struct StartCommand: ParsedVerb {
    static let configuration = CommandConfiguration(
        commandName: "start",
        abstract: "Start containers that were created or have ended.",
        usage: "cfs start [<options>] <container> ...",
        discussion: """
            What a container wrote is still there, and its log goes on. With --attach the exit status is the command's.

            Example:
              cfs start web
              cfs start -ai shell
            """)

    static let optionNames =
        OptionNames(flags: ["attach a", "interactive i"], values: ["detach-keys"]) + GlobalOptions.optionNames

    /// Only in front is its status that of a command.
    static func startsCommand(_ arguments: [String]) -> Bool {
        arguments.contains { argument in
            if argument.hasPrefix("--") { return ["--attach", "--interactive"].contains(argument) }
            return argument.hasPrefix("-") && argument.contains { $0 == "a" || $0 == "i" }
        }
    }

    @Flag(name: .shortAndLong, help: "Stay in front: show its output, pass signals on.")
    var attach = false

    @Flag(name: .shortAndLong, help: "Give it this standard input too; for a container that was made with -i.")
    var interactive = false

    @Option(help: DetachKeysSyntax.help)
    var detachKeys: String?

    @OptionGroup(title: "Engine options") var globals: GlobalOptions

    @Argument(help: "Containers, by name or ID.", completion: Completions.stopped)
    var containers: [String]

    func perform() throws(CFSError) -> Int32 {
        let keys = try DetachKeysSyntax.keys(detachKeys)
        let engine = try globals.engine()
        guard attach || interactive else {
            return try References.eachContainer(containers, engine) { container throws(CFSError) in
                try Self.start(container)
            }
        }
        guard let reference = containers.first, containers.count == 1 else {
            throw CFSError(
                .invalidArgument, .parsing, "only one container can be in front",
                hint: "leave --attach away, or start them one by one")
        }
        let container = try engine.container(reference)
        let streams = try container.streamsInFront()
        if streams.terminal, !Terminal.isTerminal(0) {
            throw CFSError(
                .terminalRequired, .parsing, "the input device is not a terminal",
                hint: "the container was made with -t: start it without --attach, or from a terminal")
        }
        let front = AttachedSession(
            terminal: streams.terminal, interactive: streams.interactive && interactive, detachKeys: keys)
        return try Self.run(container, in: front)
    }

    private static func start(_ container: Container) throws(CFSError) {
        let signals = try StartSignals(isAttached: false)
        do throws(CFSError) {
            _ = try container.start(.none, interruption: signals.interruption)
        } catch {
            _ = try signals.status(after: error)
            throw error
        }
    }

    private static func run(_ container: Container, in front: AttachedSession) throws(CFSError) -> Int32 {
        let signals = try StartSignals(isAttached: true)
        do throws(CFSError) {
            return try front.run(signals) { streams throws(CFSError) in
                try container.start(
                    front.interactive ? streams : .inheritedOutput, interruption: signals.interruption)
            }.tell()
        } catch {
            return try signals.status(after: error)
        }
    }
}
