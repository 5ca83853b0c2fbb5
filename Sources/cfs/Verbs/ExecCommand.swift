import ArgumentParser
import CFSCore
import CFSLinux
import CFSOptions

/// `cfs exec`: one more command in a running container.
struct ExecCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "exec",
        abstract: "Run one more command in a running container.",
        usage: "cfs exec [<options>] <container> <command> ...",
        discussion: """
            Options end at the container: what follows belongs to the command. The exit status is as with "cfs run"; with \
            -it, Ctrl-P Ctrl-Q leaves the command to itself.

            Example:
              cfs exec -it web sh
            """)

    static let optionNames = ExecOptions.optionNames + GlobalOptions.optionNames
    static let optionsEndAtFirstWord = true
    static let startsCommand = true

    @OptionGroup var declaration: ExecOptions.Declaration

    static func perform(_ arguments: CanonicalArguments, name: String) throws(CFSError) -> Int32 {
        let caller = Caller.current
        let options = try ExecOptions(arguments, verb: name)
        var request = try options.request(caller)
        try options.streams.checkTerminal()
        let keys = try options.streams.detachKeys()
        if request.terminal { request.windowSize = Terminal.size(0) }
        let container = try GlobalOptions.engine(arguments, caller).container(options.container)
        // Before the start: a signal that comes in the middle of it ends it, or waits for the command.
        let signals = try StartSignals(isAttached: !options.streams.detach)
        let interruption = signals.interruption
        do throws(CFSError) {
            if options.streams.detach {
                _ = try container.execute(request, .none, interruption: interruption, warn: StandardError.warn)
                return 0
            }
            let front = AttachedSession(terminal: request.terminal, interactive: request.interactive, detachKeys: keys)
            return try front.run(signals) { streams throws(CFSError) in
                try container.execute(request, streams, interruption: interruption, warn: StandardError.warn)
            }.tell()
        } catch {
            return try signals.status(after: error)
        }
    }
}
