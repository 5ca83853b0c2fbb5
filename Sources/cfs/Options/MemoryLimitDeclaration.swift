import ArgumentParser
import CFSCore
import CFSOptions

extension MemoryLimitOptions {
    /// For help texts and completions.
    struct Declaration: ParsableArguments {
        @Option(
            name: .shortAndLong, help: ArgumentHelp("Memory at most: 512m, 1.5g; -1 for no limit.", valueName: "size"))
        var memory: String?

        @Option(
            help: ArgumentHelp("Memory and swap together (default: twice the memory), or -1.", valueName: "size"))
        var memorySwap: String?

        @Option(help: ArgumentHelp("Memory that is left to it when others need some.", valueName: "size"))
        var memoryReservation: String?

        @Option(help: ArgumentHelp("Memory above which it is slowed down.", valueName: "size"))
        var memoryHigh: String?

        @Option(help: ArgumentHelp("Huge pages of one size at most: 2MB=64m.", valueName: "page=size"))
        var hugetlb: [String] = []
    }
}
