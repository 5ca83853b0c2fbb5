extension RuntimeSpec.Resources {
    /// Reads the object; a member that is not of the specification, or of another type, is an error that names it.
    public init(json: JSON, what: String = "linux.resources") throws(CFSError) {
        self = try JSONFields.read(json, what: what, reading: .strict, Self.init)
    }

    /// Reads the object as a caller of the runtime writes it: unknown members are ignored.
    public init(bundle json: JSON, what: String = "linux.resources") throws(CFSError) {
        self = try JSONFields.read(json, what: what, reading: .extensible, Self.init)
    }

    init(_ fields: inout JSONFields) throws(CFSError) {
        self.init()
        devices = try fields.items("devices", RuntimeSpec.DeviceRule.init)
        memory = try fields.part("memory", RuntimeSpec.Memory.init)
        cpu = try fields.part("cpu", RuntimeSpec.CPU.init)
        pids = try fields.part("pids") { fields throws(CFSError) in
            RuntimeSpec.Pids(limit: try fields.needed(try fields.integer("limit"), "limit"))
        }
        blockIO = try fields.part("blockIO", RuntimeSpec.BlockIO.init)
        hugepageLimits = try fields.items("hugepageLimits") { fields throws(CFSError) in
            let size = try fields.string("pageSize", "a size such as 2MB", where: RuntimeSpec.Words.isPageSize)
            return RuntimeSpec.HugepageLimit(
                pageSize: try fields.needed(size, "pageSize"),
                limit: try fields.needed(try fields.unsigned("limit"), "limit"))
        }
        network = try fields.part("network", RuntimeSpec.Network.init)
        rdma = try fields.members("rdma") { device, fields throws(CFSError) in
            RuntimeSpec.RDMA(
                device: device, hcaHandles: try fields.id("hcaHandles"), hcaObjects: try fields.id("hcaObjects"))
        }
        for (key, value) in try fields.take("unified", "an object of strings", \.object)?.entries ?? [] {
            guard let text = value.string else {
                throw fields.fault("unified.\(key)", "must be a string")
            }
            unified.append(RuntimeSpec.UnifiedFile(key, text))
        }
    }

    public var json: JSON {
        var out = JSONBuilder()
        out.set("devices", devices.map(\.json))
        out.set("memory", memory?.json)
        out.set("cpu", cpu?.json)
        out.set("pids", pids.map { ["limit": .integer($0.limit)] })
        out.set("blockIO", blockIO?.json)
        out.set(
            "hugepageLimits",
            hugepageLimits.map { ["pageSize": .string($0.pageSize), "limit": JSON(unsigned: $0.limit)] })
        out.set("network", network?.json)
        if !rdma.isEmpty { out.set("rdma", JSON.object(JSONObject(rdma.map { ($0.device, $0.json) }))) }
        if !unified.isEmpty { out.set("unified", JSON.object(JSONObject(unified.map { ($0.key, .string($0.value)) }))) }
        return out.json
    }
}

extension RuntimeSpec.DeviceRule {
    fileprivate init(_ fields: inout JSONFields) throws(CFSError) {
        self.init(
            allow: try fields.needed(try fields.bool("allow"), "allow"), type: try fields.string("type"),
            major: try fields.integer("major"), minor: try fields.integer("minor"),
            access: try fields.string("access"))
    }

    fileprivate var json: JSON {
        var out = JSONBuilder()
        out.set("allow", allow)
        out.set("type", type)
        out.set("major", major.map(JSON.integer))
        out.set("minor", minor.map(JSON.integer))
        out.set("access", access)
        return out.json
    }
}

extension RuntimeSpec.Memory {
    fileprivate init(_ fields: inout JSONFields) throws(CFSError) {
        limit = try fields.integer("limit")
        reservation = try fields.integer("reservation")
        swap = try fields.integer("swap")
        kernel = try fields.integer("kernel")
        kernelTCP = try fields.integer("kernelTCP")
        swappiness = try fields.unsigned("swappiness")
        disableOOMKiller = try fields.bool("disableOOMKiller")
        useHierarchy = try fields.bool("useHierarchy")
        checkBeforeUpdate = try fields.bool("checkBeforeUpdate")
    }

    fileprivate var json: JSON {
        var out = JSONBuilder()
        out.set("limit", limit.map(JSON.integer))
        out.set("reservation", reservation.map(JSON.integer))
        out.set("swap", swap.map(JSON.integer))
        out.set("kernel", kernel.map(JSON.integer))
        out.set("kernelTCP", kernelTCP.map(JSON.integer))
        out.set("swappiness", swappiness.map { JSON(unsigned: $0) })
        out.set("disableOOMKiller", disableOOMKiller)
        out.set("useHierarchy", useHierarchy)
        out.set("checkBeforeUpdate", checkBeforeUpdate)
        return out.json
    }
}

extension RuntimeSpec.CPU {
    fileprivate init(_ fields: inout JSONFields) throws(CFSError) {
        shares = try fields.unsigned("shares")
        quota = try fields.integer("quota")
        burst = try fields.unsigned("burst")
        period = try fields.unsigned("period")
        realtimeRuntime = try fields.integer("realtimeRuntime")
        realtimePeriod = try fields.unsigned("realtimePeriod")
        cpus = try fields.string("cpus")
        mems = try fields.string("mems")
        idle = try fields.integer("idle")
    }

    fileprivate var json: JSON {
        var out = JSONBuilder()
        out.set("shares", shares.map { JSON(unsigned: $0) })
        out.set("quota", quota.map(JSON.integer))
        out.set("burst", burst.map { JSON(unsigned: $0) })
        out.set("period", period.map { JSON(unsigned: $0) })
        out.set("realtimeRuntime", realtimeRuntime.map(JSON.integer))
        out.set("realtimePeriod", realtimePeriod.map { JSON(unsigned: $0) })
        out.set("cpus", cpus)
        out.set("mems", mems)
        out.set("idle", idle.map(JSON.integer))
        return out.json
    }
}

extension RuntimeSpec.BlockIO {
    fileprivate init(_ fields: inout JSONFields) throws(CFSError) {
        weight = try fields.short("weight")
        leafWeight = try fields.short("leafWeight")
        weightDevice = try fields.items("weightDevice") { fields throws(CFSError) in
            RuntimeSpec.WeightDevice(
                major: try fields.needed(try fields.integer("major"), "major"),
                minor: try fields.needed(try fields.integer("minor"), "minor"),
                weight: try fields.short("weight"), leafWeight: try fields.short("leafWeight"))
        }
        throttleReadBpsDevice = try fields.items("throttleReadBpsDevice", RuntimeSpec.ThrottleDevice.init)
        throttleWriteBpsDevice = try fields.items("throttleWriteBpsDevice", RuntimeSpec.ThrottleDevice.init)
        throttleReadIOPSDevice = try fields.items("throttleReadIOPSDevice", RuntimeSpec.ThrottleDevice.init)
        throttleWriteIOPSDevice = try fields.items("throttleWriteIOPSDevice", RuntimeSpec.ThrottleDevice.init)
    }

    fileprivate var json: JSON {
        var out = JSONBuilder()
        out.set("weight", weight.map(UInt32.init))
        out.set("leafWeight", leafWeight.map(UInt32.init))
        out.set(
            "weightDevice",
            weightDevice.map { device in
                var out = JSONBuilder()
                out.set("major", JSON.integer(device.major))
                out.set("minor", JSON.integer(device.minor))
                out.set("weight", device.weight.map(UInt32.init))
                out.set("leafWeight", device.leafWeight.map(UInt32.init))
                return out.json
            })
        out.set("throttleReadBpsDevice", throttleReadBpsDevice.map(\.json))
        out.set("throttleWriteBpsDevice", throttleWriteBpsDevice.map(\.json))
        out.set("throttleReadIOPSDevice", throttleReadIOPSDevice.map(\.json))
        out.set("throttleWriteIOPSDevice", throttleWriteIOPSDevice.map(\.json))
        return out.json
    }
}

extension RuntimeSpec.ThrottleDevice {
    fileprivate init(_ fields: inout JSONFields) throws(CFSError) {
        self.init(
            major: try fields.needed(try fields.integer("major"), "major"),
            minor: try fields.needed(try fields.integer("minor"), "minor"),
            rate: try fields.needed(try fields.unsigned("rate"), "rate"))
    }

    fileprivate var json: JSON {
        ["major": .integer(major), "minor": .integer(minor), "rate": JSON(unsigned: rate)]
    }
}

extension RuntimeSpec.Network {
    fileprivate init(_ fields: inout JSONFields) throws(CFSError) {
        classID = try fields.id("classID")
        priorities = try fields.items("priorities") { fields throws(CFSError) in
            RuntimeSpec.InterfacePriority(
                name: try fields.needed(try fields.string("name"), "name"),
                priority: try fields.needed(try fields.id("priority"), "priority"))
        }
    }

    fileprivate var json: JSON {
        var out = JSONBuilder()
        out.set("classID", classID)
        out.set("priorities", priorities.map { ["name": .string($0.name), "priority": .integer(Int64($0.priority))] })
        return out.json
    }
}

extension RuntimeSpec.RDMA {
    fileprivate var json: JSON {
        var out = JSONBuilder()
        out.set("hcaHandles", hcaHandles)
        out.set("hcaObjects", hcaObjects)
        return out.json
    }
}
