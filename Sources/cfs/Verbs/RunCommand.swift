import ArgumentParser
import CFSCore
import CFSLinux
import CFSOptions

/// `cfs run`: a command in a new container.
struct RunCommand: Verb {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run a command in a new container.",
        usage: "cfs run [<options>] <image> [<command> ...]",
        discussion: """
            Options end at the image: what follows belongs to the command. The exit status is the command's own, 128+n \
            after signal n, 125 when cfs failed or the output could not be written, 126 when the command cannot be \
            executed, 127 when it was not found. Whoever stops reading the output gives the command \
            a broken pipe, as without a container.

            With -it, Ctrl-P Ctrl-Q leaves the command to itself (cfs attach comes back to it); the status is 0 then. \
            Without -t, Ctrl-C goes to the command, and the third one within two seconds kills it.

            Examples:
              cfs run --rm BusyBox echo hello
              cfs run -it --rm -v ./src:/src:ro -w /src TinyCore sh
            """,
        helpNames: .long)

    static let optionNames = ContainerOptions.optionNames + GlobalOptions.optionNames
    static let optionsEndAtFirstWord = true
    static let startsCommand = true

    @OptionGroup var declaration: ContainerOptions.Declaration

    static func perform(_ arguments: CanonicalArguments, name: String) throws(CFSError) -> Int32 {
        let caller = Caller.current
        let options = try ContainerOptions(arguments, verb: name)
        try options.streams.checkTerminal()
        let keys = try options.streams.detachKeys()
        var spec = try options.spec(caller)
        if spec.terminal, let size = Terminal.size(0) { spec.windowSize = (size.rows, size.columns) }
        var file: IdentityFile?
        if let path = options.identity.cidfile { file = try IdentityFile(path, caller) }
        let engine = try GlobalOptions.engine(arguments, caller)
        var hasStarted = false
        // Before the start: a signal that comes in the middle of it ends it, or waits for the command.
        let signals = try StartSignals(isAttached: !options.streams.detach)
        do throws(CFSError) {
            if options.streams.detach {
                let container = try engine.launch(spec, .none, interruption: signals.interruption) {
                    container throws(CFSError) in
                    try announce(container, file)
                }.container
                hasStarted = true
                try StandardOutput.write("\(container.id)\n")
                return 0
            }
            let front = AttachedSession(terminal: spec.terminal, interactive: spec.interactive, detachKeys: keys)
            return try front.run(signals) { streams throws(CFSError) in
                let session = try engine.launch(spec, streams, interruption: signals.interruption) {
                    container throws(CFSError) in
                    try announce(container, file)
                }.session
                hasStarted = true
                return session
            }.tell()
        } catch {
            if !hasStarted { file?.remove() }
            return try signals.status(after: error)
        }
    }

    private static func announce(_ container: Container, _ file: IdentityFile?) throws(CFSError) {
        for warning in container.warnings { StandardError.warn(warning) }
        try file?.write(container.id)
    }
}
