import ArgumentParser
import CFSCore
import CFSOptions

extension FileSystemOptions {
    /// For help texts and completions.
    struct Declaration: ParsableArguments {
        @Option(
            name: .shortAndLong,
            help: ArgumentHelp(
                "Mount a file or folder of the host: ./data:/data:ro.", valueName: "source:target[:words]"),
            completion: .file())
        var volume: [String] = []

        @Option(
            help: ArgumentHelp("Mount by keys: type=bind,src=/a,dst=/b,readonly.", valueName: "keys"))
        var mount: [String] = []

        @Option(help: ArgumentHelp("Mount an empty file system in memory.", valueName: "target[:words]"))
        var tmpfs: [String] = []

        @Option(help: ArgumentHelp("Size of /dev/shm (default: 64m).", valueName: "size"))
        var shmSize: String?

        @Flag(help: "Make the container's own file system read-only.")
        var readOnly = false

        @Option(
            help: ArgumentHelp("Give a device of the host.", valueName: "source[:target[:rwm]]"), completion: .file())
        var device: [String] = []
    }
}
