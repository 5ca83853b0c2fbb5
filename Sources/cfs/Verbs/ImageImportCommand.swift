import ArgumentParser
import CFSCore
import CFSLinux
import CFSOptions

/// `cfs image import`: an image from a file or folder.
struct ImageImportCommand: ParsedVerb {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Import an image from a file or folder.",
        usage: "cfs image import [<options>] <name> <file> | -",
        discussion: """
            Reads OCI layouts, archives of "docker save", root file systems as tar, cpio or ISO, compressed with gzip, \
            bzip2, xz or zstd or not at all, and folders. - stands for an archive from standard input.

            Examples:
              cfs image import --command /bin/ash alpine ./alpine-minirootfs.tar.gz
              docker save alpine | cfs image import alpine -
            """)

    static let optionNames = OptionNames(flags: ["quiet q"], values: ["command"]) + GlobalOptions.optionNames

    @Option(help: ArgumentHelp("Default command: words, or a JSON array.", valueName: "command"))
    var command: String?

    @Flag(name: .shortAndLong, help: "Show no progress; print the ID only.")
    var quiet = false

    @OptionGroup(title: "Engine options") var globals: GlobalOptions

    @Argument(help: "The name under which the image is kept.")
    var name: String

    @Argument(help: "The file or folder to read; - is standard input.", completion: .file())
    var file: String

    func perform() throws(CFSError) -> Int32 {
        guard !file.isEmpty else {
            throw CFSError(
                .invalidArgument, .parsing, "an empty path was given",
                hint: "write the file or folder to read, or - for standard input")
        }
        if file == "-" { try Self.checkStandardInput(isTerminal: Terminal.isTerminal(0)) }
        var options = ImportOptions()
        if let command { options.command = try CommandSyntax.words(command) }
        let engine = try globals.engine()
        let display = ProgressDisplay(quiet: quiet)
        defer { display.finish() }
        let image: ImageRecord
        if file == "-" {
            image = try engine.importImage(
                name: name, fromDescriptor: 0, called: "standard input", options: options, progress: display.show)
        } else {
            let path = try Caller.current.absolute(file, of: "the file to import")
            if let status = File.statusIfThere(path, followLinks: true), status.isPipe {
                // Standard input by another name, or what a shell makes of <(command).
                let pipe = try File.open(path, .read, phase: .importing)
                image = try engine.importImage(
                    name: name, fromDescriptor: pipe.raw, called: path, options: options, progress: display.show)
            } else {
                image = try engine.importImage(name: name, from: path, options: options, progress: display.show)
            }
        }
        display.finish()
        try StandardOutput.write(ImageNote.text(image, isQuiet: quiet))
        return 0
    }

    /// Throws for a terminal: nobody types an archive.
    static func checkStandardInput(isTerminal: Bool) throws(CFSError) {
        guard isTerminal else { return }
        throw CFSError(
            .invalidArgument, .parsing, "standard input is a terminal, and an archive is no text",
            hint: "send one there: cfs image import NAME - < image.tar")
    }
}
