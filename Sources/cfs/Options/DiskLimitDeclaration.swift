import ArgumentParser
import CFSCore
import CFSOptions

extension DiskLimitOptions {
    /// For help texts and completions.
    struct Declaration: ParsableArguments {
        @Option(
            help: ArgumentHelp("Bytes a second at most: /dev/sda:10mb, or -1.", valueName: "disk:rate"),
            completion: .file())
        var deviceReadBps: [String] = []

        @Option(help: ArgumentHelp("The same for writing.", valueName: "disk:rate"), completion: .file())
        var deviceWriteBps: [String] = []

        @Option(
            help: ArgumentHelp("Reads a second at most: /dev/sda:1000, or -1.", valueName: "disk:rate"),
            completion: .file())
        var deviceReadIops: [String] = []

        @Option(help: ArgumentHelp("The same for writing.", valueName: "disk:rate"), completion: .file())
        var deviceWriteIops: [String] = []

        @Option(help: ArgumentHelp("Share of disks beside others, 1 to 10000 (default: 100).", valueName: "weight"))
        var ioWeight: String?

        @Option(help: ArgumentHelp("The same as Docker counts it, 10 to 1000.", valueName: "weight"))
        var blkioWeight: String?
    }
}
