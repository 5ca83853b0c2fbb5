import ArgumentParser
import CFSCore
import CFSOptions

/// `cfs commit`: an image of what a container has changed.
struct CommitCommand: ParsedVerb {
    static let configuration = CommandConfiguration(
        commandName: "commit",
        abstract: "Make an image of a container.",
        usage: "cfs commit [<options>] <container> [<name>]",
        discussion: """
            The image is that of the container with one more layer: what "cfs diff" lists. It prints the image's ID. \
            Without a name the image is called by the first twelve digits of that.

            A change is a line as in a Dockerfile: CMD, ENTRYPOINT, ENV, WORKDIR, USER, LABEL, EXPOSE, VOLUME or \
            STOPSIGNAL.

            Example:
              cfs commit -c 'CMD ["httpd", "-f"]' -c "ENV MODE=demo" web site:1
            """)

    static let optionNames =
        OptionNames(flags: ["pause p", "no-pause"], values: ["author a", "message m", "change c"])
        + GlobalOptions.optionNames

    @Option(name: .shortAndLong, help: ArgumentHelp("Who made it.", valueName: "name"))
    var author = ""

    @Option(name: .shortAndLong, help: ArgumentHelp("What it is, for the image's history.", valueName: "text"))
    var message = ""

    @Option(
        name: .shortAndLong, help: ArgumentHelp("Change what the image says about running it.", valueName: "line"))
    var change: [String] = []

    @Flag(name: .shortAndLong, help: "Let the container stand still meanwhile: the default.")
    var pause = false

    @Flag(help: "Let the container go on meanwhile.")
    var noPause = false

    @OptionGroup(title: "Engine options") var globals: GlobalOptions

    @Argument(help: "The container, by name or ID.", completion: Completions.containers)
    var container: String

    @Argument(help: "The name of the image.")
    var name: String?

    func perform() throws(CFSError) -> Int32 {
        let request = try request()
        let container = try globals.engine().container(container)
        return try StartSignals.guarding("the commit") { interruption throws(CFSError) in
            let image = try container.commit(request, interruption: interruption)
            try StandardOutput.write("\(image.digest)\n")
        }
    }

    /// What the options ask for.
    func request() throws(CFSError) -> CommitRequest {
        guard !(pause && noPause) else {
            throw CFSError(.invalidArgument, .parsing, "--pause and --no-pause exclude each other")
        }
        var request = CommitRequest(name: name)
        request.author = author
        request.message = message
        for line in change { request.changes.append(try ImageChange(parsing: line)) }
        request.pauses = !noPause
        return request
    }
}
