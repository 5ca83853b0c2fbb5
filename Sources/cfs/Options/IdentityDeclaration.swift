import ArgumentParser
import CFSCore
import CFSOptions

extension IdentityOptions {
    /// For help texts and completions.
    struct Declaration: ParsableArguments {
        @Option(help: ArgumentHelp("Name of the container (default: one is made up).", valueName: "name"))
        var name: String?

        @Flag(name: .customLong("rm"), help: "Remove the container when it has ended.")
        var remove = false

        @Option(name: [.customShort("h"), .long], help: ArgumentHelp("Host name inside.", valueName: "name"))
        var hostname: String?

        @Option(name: .shortAndLong, help: ArgumentHelp("Label of the container.", valueName: "key[=value]"))
        var label: [String] = []

        @Option(help: ArgumentHelp("Read labels from a file.", valueName: "file"), completion: .file())
        var labelFile: [String] = []

        @Option(help: ArgumentHelp("Write the container's ID to a new file.", valueName: "file"), completion: .file())
        var cidfile: String?
    }
}
