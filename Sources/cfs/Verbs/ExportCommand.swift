import ArgumentParser
import CFSCore
import CFSLinux
import CFSOptions

/// `cfs export`: a container's root file system as a tar.
struct ExportCommand: ParsedVerb {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write a container's root file system as a tar.",
        usage: "cfs export [-o <file>] <container>",
        discussion: """
            Without -o, and with -o -, it goes to standard output. Volumes and other mounts do not come along.

            Examples:
              cfs export -o root.tar web
              cfs export web | tar -t
            """)

    static let optionNames = OptionNames(values: ["output o"]) + GlobalOptions.optionNames

    @Option(
        name: .shortAndLong, help: ArgumentHelp("The file to write; - is standard output.", valueName: "file"),
        completion: .file())
    var output = "-"

    @OptionGroup(title: "Engine options") var globals: GlobalOptions

    @Argument(help: "The container, by name or ID.", completion: Completions.containers)
    var container: String

    func perform() throws(CFSError) -> Int32 {
        guard !output.isEmpty else {
            throw CFSError(.invalidArgument, .parsing, "--output is empty", hint: "write -o root.tar")
        }
        if output == "-" { try TarOutput.check(isTerminal: Terminal.isTerminal(1), example: "cfs export -o root.tar") }
        let container = try globals.engine().container(container)
        if output == "-" {
            try container.export(toDescriptor: 1, name: StandardOutput.name)
            return 0
        }
        return try StartSignals.guarding("the export") { interruption throws(CFSError) in
            try container.export(
                to: Caller.current.absolute(output, of: "--output"), interruption: interruption)
        }
    }
}

/// A tar on standard output.
enum TarOutput {
    /// Throws for a terminal: the bytes of an archive steer it.
    static func check(isTerminal: Bool, example: String) throws(CFSError) {
        guard isTerminal else { return }
        throw CFSError(
            .invalidArgument, .parsing, "standard output is a terminal, and an archive is no text",
            hint: "send it on or to a file: \(example)")
    }
}
