import ArgumentParser
import CFSCore
import CFSLinux
import CFSOptions

/// `cfs image export`: an image as a file that other engines read.
struct ImageExportCommand: ParsedVerb {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write an image to a file, as an OCI layout in a tar.",
        usage: "cfs image export [<options>] -o <file> <name>",
        discussion: """
            With -o - it goes to standard output.

            Examples:
              cfs image export -o tinycore.tar TinyCore
              cfs image export -o - TinyCore | gzip > tinycore.tar.gz
            """)

    static let optionNames = OptionNames(flags: ["quiet q"], values: ["output o"]) + GlobalOptions.optionNames

    @Option(
        name: .shortAndLong, help: ArgumentHelp("The file to write; - is standard output.", valueName: "file"),
        completion: .file())
    var output: String

    @Flag(name: .shortAndLong, help: "Show no progress, and say nothing at the end.")
    var quiet = false

    @OptionGroup(title: "Engine options") var globals: GlobalOptions

    @Argument(help: "The image, by name or ID.", completion: Completions.presentImages)
    var image: String

    func perform() throws(CFSError) -> Int32 {
        guard !output.isEmpty else {
            throw CFSError(.invalidArgument, .parsing, "--output is empty", hint: "write -o image.tar")
        }
        let engine = try globals.engine()
        let display = ProgressDisplay(quiet: quiet)
        defer { display.finish() }
        let written: ImageRecord
        if output == "-" {
            try Self.checkStandardOutput(isTerminal: Terminal.isTerminal(1))
            written = try engine.exportImage(
                image, toDescriptor: 1, name: StandardOutput.name, progress: display.show)
        } else {
            written = try engine.exportImage(
                image, to: Caller.current.absolute(output, of: "--output"), progress: display.show)
        }
        display.finish()
        // Standard output may be the image itself.
        if !quiet { StandardError.write(ImageNote.text(written, isQuiet: false)) }
        return 0
    }

    /// Throws for a terminal: the bytes of an archive steer it.
    static func checkStandardOutput(isTerminal: Bool) throws(CFSError) {
        guard isTerminal else { return }
        throw CFSError(
            .invalidArgument, .parsing, "standard output is a terminal, and an image is no text",
            hint: "write -o image.tar, or send it on: cfs image export -o - IMAGE | gzip > image.tar.gz")
    }
}
