import CFSModel

/// A share of a disk's time beside siblings: 1 to 10,000, 100 by default (cgroup-v2.rst, io.weight).
public struct IOWeight: Sendable, Hashable {
    public let value: UInt64
    /// The same for a disk whose scheduler is BFQ, which counts 1 to 1,000 (Documentation/block/bfq-iosched.rst).
    let bfq: UInt64
    public static let range: ClosedRange<UInt64> = 1...10_000

    /// - Throws: `invalidArgument` outside 1 to 10,000.
    public init(_ value: UInt64) throws(CFSError) {
        guard Self.range.contains(value) else {
            throw CFSError(
                .invalidArgument, .parsing, "a weight of \(value) is out of range: 1 to 10000 are possible",
                hint: "100 is the default")
        }
        self.value = value
        // The default stays the default: systemd converts so too.
        bfq = value <= 100 ? value : 100 + (value - 100) * 900 / 9_900
    }

    /// The weight for cgroup v1's, 10 to 1,000, on the line that crun and runc take; nil outside.
    public init?(blkio: UInt16) {
        guard blkio >= 10, blkio <= 1_000 else { return nil }
        value = 1 + (UInt64(blkio) - 10) * 9_999 / 990
        bfq = UInt64(blkio)
    }
}

/// What may be done to one disk in a second (cgroup-v2.rst, io.max). Nil leaves a rate as it is.
public struct IORates: Sendable, Hashable {
    public let device: DeviceNumber
    public var readBytes: CgroupLimit<ByteCount>?
    public var writeBytes: CgroupLimit<ByteCount>?
    public var readOperations: CgroupLimit<UInt64>?
    public var writeOperations: CgroupLimit<UInt64>?

    public init(device: DeviceNumber) { self.device = device }

    var fileValue: String {
        var text = "\(device)"
        if let readBytes { text += " rbps=\(readBytes.fileValue)" }
        if let writeBytes { text += " wbps=\(writeBytes.fileValue)" }
        if let readOperations { text += " riops=\(readOperations.fileValue)" }
        if let writeOperations { text += " wiops=\(writeOperations.fileValue)" }
        return text
    }
}

/// The controller `io` (cgroup-v2.rst, IO).
public struct IOLimits: Sendable, Hashable {
    /// `io.weight` of every disk, and `io.bfq.weight` where the kernel has that.
    public var weight: IOWeight?
    public var deviceWeights: [DeviceWeight] = []
    /// `io.max`, one entry for each disk.
    public var rates: [IORates] = []

    public struct DeviceWeight: Sendable, Hashable {
        public let device: DeviceNumber
        public var weight: IOWeight
        public init(device: DeviceNumber, weight: IOWeight) {
            self.device = device
            self.weight = weight
        }
    }

    public init() {}

    init(_ asked: RuntimeSpec.BlockIO, _ naming: LimitNaming) throws(CFSError) {
        try Self.refuseLeaf(asked.leafWeight, naming)
        if let value = asked.weight, value != 0 { weight = try Self.weight(value, naming(.ioWeight)) }
        for entry in asked.weightDevice {
            let name = naming(.ioDeviceWeight)
            try Self.refuseLeaf(entry.leafWeight, naming)
            let device = try Self.device(entry.major, entry.minor, name)
            guard let value = entry.weight, value != 0 else { continue }
            deviceWeights.append(DeviceWeight(device: device, weight: try Self.weight(value, "\(name) for \(device)")))
        }
        for entry in asked.throttleReadBpsDevice {
            rates[try place(entry, .ioReadBytes, naming)].readBytes = Self.bytes(entry.rate)
        }
        for entry in asked.throttleWriteBpsDevice {
            rates[try place(entry, .ioWriteBytes, naming)].writeBytes = Self.bytes(entry.rate)
        }
        for entry in asked.throttleReadIOPSDevice {
            rates[try place(entry, .ioReadOperations, naming)].readOperations = Self.operations(entry.rate)
        }
        for entry in asked.throttleWriteIOPSDevice {
            rates[try place(entry, .ioWriteOperations, naming)].writeOperations = Self.operations(entry.rate)
        }
    }

    private static func refuseLeaf(_ value: UInt16?, _ naming: LimitNaming) throws(CFSError) {
        guard let value, value != 0 else { return }
        throw CFSError.limit(
            naming(.ioLeafWeight), "\(value)",
            "has no counterpart in cgroup v2, where a group with groups below it holds no processes",
            hint: "leave it out")
    }

    private static func weight(_ value: UInt16, _ name: String) throws(CFSError) -> IOWeight {
        guard let weight = IOWeight(blkio: value) else {
            throw CFSError.limit(name, "\(value)", "is out of range: 10 to 1000 are possible")
        }
        return weight
    }

    private static func device(_ major: Int64, _ minor: Int64, _ name: String) throws(CFSError) -> DeviceNumber {
        guard let device = DeviceNumber(major: major, minor: minor) else {
            throw CFSError.limit(
                name, nil, "has the device \(major):\(minor): 0:0 to \(DeviceNumber.largest) are possible")
        }
        return device
    }

    /// Where the rates of a throttled device stand; made when it is the first for that device.
    private mutating func place(
        _ entry: RuntimeSpec.ThrottleDevice, _ field: LimitField, _ naming: LimitNaming
    ) throws(CFSError) -> Int {
        let device = try Self.device(entry.major, entry.minor, naming(field))
        if let index = rates.firstIndex(where: { $0.device == device }) { return index }
        rates.append(IORates(device: device))
        return rates.count - 1
    }

    private static func bytes(_ rate: UInt64) -> CgroupLimit<ByteCount> {
        rate == 0 ? .unlimited : .at(ByteCount(rate))
    }
    private static func operations(_ rate: UInt64) -> CgroupLimit<UInt64> { rate == 0 ? .unlimited : .at(rate) }

    func add(to settings: inout CgroupSettings, _ name: (LimitField, String) -> String) {
        func add(_ weight: IOWeight, _ prefix: String, _ field: LimitField) {
            settings.add(
                CgroupSetting(
                    "io.weight", "\(prefix) \(weight.value)", name(field, "io.weight"),
                    absence: .isReplaced(file: "io.bfq.weight", value: "\(prefix) \(weight.bfq)")))
        }
        if let weight { add(weight, "default", .ioWeight) }
        for entry in deviceWeights { add(entry.weight, "\(entry.device)", .ioDeviceWeight) }
        for entry in rates {
            let field: LimitField
            if entry.readBytes != nil {
                field = .ioReadBytes
            } else if entry.writeBytes != nil {
                field = .ioWriteBytes
            } else {
                field = entry.readOperations != nil ? .ioReadOperations : .ioWriteOperations
            }
            settings.add(CgroupSetting("io.max", entry.fileValue, name(field, "io.max")))
        }
    }
}
