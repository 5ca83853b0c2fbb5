import CFSCore

/// How fast a container may read and write disks.
package struct DiskLimitOptions {
    package static let optionNames = OptionNames(
        values: ["io-weight", "blkio-weight"],
        lists: ["device-read-bps", "device-write-bps", "device-read-iops", "device-write-iops"])

    package let readBytes: [String]
    package let writeBytes: [String]
    package let readOperations: [String]
    package let writeOperations: [String]
    package let ioWeight: String?
    package let blkioWeight: String?

    package init(_ arguments: CanonicalArguments) {
        readBytes = arguments.values("device-read-bps")
        writeBytes = arguments.values("device-write-bps")
        readOperations = arguments.values("device-read-iops")
        writeOperations = arguments.values("device-write-iops")
        ioWeight = arguments.value("io-weight")
        blkioWeight = arguments.value("blkio-weight")
    }

    package func fill(_ resources: inout RuntimeSpec.Resources, _ caller: Caller, _ host: HostFacts) throws(CFSError) {
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
}
