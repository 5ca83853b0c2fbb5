import ArgumentParser
import CFSCore
import CFSLinux
import CFSOptions

/// `cfs attach`: the streams of a container that runs.
struct AttachCommand: ParsedVerb {
    static let configuration = CommandConfiguration(
        commandName: "attach",
        abstract: "Join the streams of a running container.",
        usage: "cfs attach [<options>] <container>",
        discussion: """
            Any number of clients may do that at a time, beside the one that started the container. Each gets what the \
            container writes from now on ("cfs logs" has what was before), and none is waited for: a client that reads too \
            slowly is told how much it did not get. All may write to a container that was made with -i. The end of one \
            client's input does not end the container's; the end of its starter's does, unless it was started with -d.

            Ctrl-P Ctrl-Q leaves a container with a terminal; the exit status is 0 then, else the container's. Signals go \
            to a container without a terminal, and the third Ctrl-C within two seconds kills it.

            Example:
              cfs attach web
            """)

    static let optionNames =
        OptionNames(flags: ["no-stdin", "sig-proxy", "no-sig-proxy"], values: ["detach-keys"])
        + GlobalOptions.optionNames
    static let startsCommand = true

    @Flag(help: "Only look on: pass no input.")
    var noStdin = false

    @Flag(
        inversion: .prefixedNo,
        help: "Pass signals on, where the container has no terminal; else they end \"cfs attach\" alone.")
    var sigProxy = true

    @Option(help: DetachKeysSyntax.help)
    var detachKeys: String?

    @OptionGroup(title: "Engine options") var globals: GlobalOptions

    @Argument(help: "The container, by name or ID.", completion: Completions.containers)
    var container: String

    func perform() throws(CFSError) -> Int32 {
        let keys = try DetachKeysSyntax.keys(detachKeys)
        let attachment = try globals.engine().container(container).attach(input: !noStdin)
        let signals = try StartSignals(isAttached: true)
        let front = AttachedSession(
            terminal: attachment.hasTerminal, interactive: attachment.takesInput, detachKeys: keys,
            passesSignals: sigProxy && !attachment.hasTerminal)
        if front.terminal, front.interactive, var size = Terminal.size(0) ?? Terminal.size(1) {
            // A program that fills the screen draws it again when the size changes, and the real one follows.
            size.rows += size.rows < .max ? 1 : 0
            try attachment.session.resize(size)
        }
        return try front.run(signals, attachment).tell()
    }
}
