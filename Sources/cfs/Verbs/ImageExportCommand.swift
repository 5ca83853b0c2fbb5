import ArgumentParser
import CFSCore

/// `cfs image export`: an image as a file that other engines read.
struct ImageExportCommand: ParsedVerb {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write an image to a file, as an OCI layout in a tar.",
        usage: "cfs image export [<options>] -o <file> <name>",
        discussion: """
            Example:
              cfs image export -o tinycore.tar TinyCore
            """)

    static let optionNames = OptionNames(flags: ["quiet q"], values: ["output o"]) + GlobalOptions.optionNames

    @Option(name: .shortAndLong, help: ArgumentHelp("The file to write.", valueName: "file"), completion: .file())
    var output: String

    @Flag(name: .shortAndLong, help: "Show no progress.")
    var quiet = false

    @OptionGroup(title: "Engine options") var globals: GlobalOptions

    @Argument(help: "The image, by name or ID.", completion: Completions.images)
    var image: String

    func perform() throws(CFSError) -> Int32 {
        guard !output.isEmpty else {
            throw CFSError(.invalidArgument, .parsing, "--output is empty", hint: "write -o image.tar")
        }
        let engine = try globals.engine()
        let display = ProgressDisplay(quiet: quiet)
        defer { display.finish() }
        try engine.exportImage(image, to: Caller.current.absolute(output), progress: display.show)
        return 0
    }
}
