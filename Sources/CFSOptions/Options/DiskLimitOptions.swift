import ArgumentParser
import CFSCore

/// How fast a container may read and write disks.
struct DiskLimitOptions {
    static let optionNames = OptionNames(values: [
        "device-read-bps", "device-write-bps", "device-read-iops", "device-write-iops", "io-weight", "blkio-weight",
    ])

    let readBytes: [String]
    let writeBytes: [String]
    let readOperations: [String]
    let writeOperations: [String]
    let ioWeight: String?
    let blkioWeight: String?

    init(_ arguments: CanonicalArguments) {
        readBytes = arguments.values("device-read-bps")
        writeBytes = arguments.values("device-write-bps")
        readOperations = arguments.values("device-read-iops")
        writeOperations = arguments.values("device-write-iops")
        ioWeight = arguments.value("io-weight")
        blkioWeight = arguments.value("blkio-weight")
    }

    func fill(_ resources: inout RuntimeSpec.Resources, _ caller: Caller, _ host: HostFacts) throws(CFSError) {
        func rates(
            _ texts: [String], _ flag: String, _ unit: DiskRateSyntax.Unit
        ) throws(CFSError) -> [RuntimeSpec.ThrottleDevice] {
            var rates: [RuntimeSpec.ThrottleDevice] = []
            for text in texts {
                let rate = try DiskRateSyntax.rate(text, flag, unit, caller, host)
                guard !rates.contains(where: { $0.major == rate.major && $0.minor == rate.minor }) else {
                    throw CFSError(
                        .invalidArgument, .parsing, "\(flag) \(text): the disk \(rate.major):\(rate.minor) has a rate",
                        hint: "a partition and a folder stand for the disk that they lie on")
                }
                rates.append(rate)
            }
            return rates
        }
        var io = RuntimeSpec.BlockIO()
        io.throttleReadBpsDevice = try rates(readBytes, "--device-read-bps", .bytes)
        io.throttleWriteBpsDevice = try rates(writeBytes, "--device-write-bps", .bytes)
        io.throttleReadIOPSDevice = try rates(readOperations, "--device-read-iops", .operations)
        io.throttleWriteIOPSDevice = try rates(writeOperations, "--device-write-iops", .operations)
        if let blkioWeight {
            if ioWeight != nil { throw LimitSyntax.exclude("--io-weight", "--blkio-weight") }
            io.weight = UInt16(try LimitSyntax.number(blkioWeight, "--blkio-weight", 10...1000))
        }
        if io != RuntimeSpec.BlockIO() { resources.blockIO = io }
        if let ioWeight {
            let weight = try LimitSyntax.number(ioWeight, "--io-weight", 1...10_000)
            resources.unified.append(RuntimeSpec.UnifiedFile("io.weight", "default \(weight)"))
        }
    }

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
