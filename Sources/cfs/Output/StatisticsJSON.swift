import CFSCore

/// What containers use, as `cfs stats --format json` prints it. Members that are not measured are left out.
enum StatisticsJSON {
    static func array(_ rows: [StatisticsRow]) -> JSON { .array(rows.map(object)) }

    private static func object(_ row: StatisticsRow) -> JSON {
        var object = JSONObject([
            ("ID", .string(row.id.text)), ("Name", .string(row.name)), ("Running", .bool(row.reading != nil)),
        ])
        guard let use = row.reading?.use else { return .object(object) }
        object["CPUPercent"] = row.processors.map { .number(rounded($0 * 100)) }
        object["CPU"] = use.cpu.map { cpu($0, row) }
        object["Memory"] = use.memory.map { memory($0, row) }
        object["Networks"] = row.reading?.networks.map { .array($0.map(network)) }
        object["IO"] = use.io.map(io)
        object["PIDs"] = use.pids.map { pids in
            members([
                ("Current", JSON(unsigned: pids.current)), ("Limit", limit(row.pidsLimit)),
                ("Refused", JSON(unsigned: pids.refused)),
            ])
        }
        object["HugePages"] = use.hugetlb.map { sizes in
            .array(
                sizes.map { size in
                    members([
                        ("PageSize", .string(size.pageSize)), ("Current", JSON(unsigned: size.current)),
                        ("Limit", bytes(size.max)),
                    ])
                })
        }
        let pressure = members([
            ("CPU", use.cpuPressure.map(self.pressure)), ("Memory", use.memoryPressure.map(self.pressure)),
            ("IO", use.ioPressure.map(self.pressure)),
        ])
        if pressure != .object(JSONObject()) { object["Pressure"] = pressure }
        return .object(object)
    }

    private static func cpu(_ cpu: CgroupStatistics.CPUUse, _ row: StatisticsRow) -> JSON {
        members([
            ("Microseconds", JSON(unsigned: cpu.usage)), ("UserMicroseconds", JSON(unsigned: cpu.user)),
            ("SystemMicroseconds", JSON(unsigned: cpu.system)), ("Limit", row.processorLimit.map { .number($0) }),
            ("Periods", cpu.throttling.map { JSON(unsigned: $0.periods) }),
            ("ThrottledPeriods", cpu.throttling.map { JSON(unsigned: $0.throttledPeriods) }),
            ("ThrottledMicroseconds", cpu.throttling.map { JSON(unsigned: $0.throttledTime) }),
        ])
    }

    private static func memory(_ memory: CgroupStatistics.MemoryUse, _ row: StatisticsRow) -> JSON {
        members([
            ("Usage", JSON(unsigned: memory.workingSet)), ("Limit", limit(row.memoryLimit)),
            ("Current", JSON(unsigned: memory.current)), ("Peak", limit(memory.peak)),
            ("Anonymous", JSON(unsigned: memory.anonymous)), ("File", JSON(unsigned: memory.file)),
            ("Kernel", limit(memory.kernel)), ("Swap", limit(memory.swap)), ("High", bytes(memory.high)),
            ("SwapLimit", bytes(memory.swapMax)), ("LimitReached", JSON(unsigned: memory.events.max)),
            ("Killed", JSON(unsigned: memory.events.oomKill)),
        ])
    }

    private static func network(_ device: NetworkUse) -> JSON {
        [
            "Interface": .string(device.interface), "Network": .string(device.network),
            "Received": direction(device.received), "Sent": direction(device.sent),
        ]
    }

    private static func direction(_ way: NetworkUse.Direction) -> JSON {
        members([
            ("Bytes", JSON(unsigned: way.bytes)), ("Packets", JSON(unsigned: way.packets)),
            ("Errors", JSON(unsigned: way.errors)), ("Dropped", JSON(unsigned: way.dropped)),
            (
                "Limit",
                way.limit.map { limit in
                    [
                        "BitsPerSecond": JSON(unsigned: limit.bitsPerSecond), "Dropped": JSON(unsigned: limit.dropped),
                        "Delayed": JSON(unsigned: limit.delayed), "WaitingBytes": JSON(unsigned: limit.waitingBytes),
                    ]
                }
            ),
        ])
    }

    private static func io(_ disks: [CgroupStatistics.IOUse]) -> JSON {
        .array(
            disks.map { disk in
                [
                    "Device": .string("\(disk.device)"), "ReadBytes": JSON(unsigned: disk.readBytes),
                    "WrittenBytes": JSON(unsigned: disk.writtenBytes),
                    "ReadOperations": JSON(unsigned: disk.readOperations),
                    "WriteOperations": JSON(unsigned: disk.writeOperations),
                ]
            })
    }

    private static func pressure(_ pressure: CgroupStatistics.Pressure) -> JSON {
        members([("Some", share(pressure.some)), ("Full", pressure.full.map(share))])
    }

    private static func share(_ share: CgroupStatistics.Share) -> JSON {
        [
            "Average10": .number(share.average10), "Average60": .number(share.average60),
            "Average300": .number(share.average300), "Microseconds": JSON(unsigned: share.total),
        ]
    }

    /// An object of those members that are there.
    private static func members(_ members: [(String, JSON?)]) -> JSON {
        var object = JSONObject()
        for (name, value) in members { object[name] = value }
        return .object(object)
    }

    private static func limit(_ value: UInt64?) -> JSON? { value.map { JSON(unsigned: $0) } }

    private static func bytes(_ limit: CgroupLimit<ByteCount>?) -> JSON? {
        guard case .at(let amount) = limit else { return nil }
        return JSON(unsigned: amount.bytes)
    }

    private static func rounded(_ value: Double) -> Double { (value * 100).rounded() / 100 }
}
