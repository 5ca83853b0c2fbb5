extension RuntimeSpec.Resources {
    /// Reads the object; a member that is not of the specification, or of another type, is an error that names it.
    public init(json: JSON, what: String = "linux.resources") throws(CFSError) {
        self.init()
        var fields = try JSONFields(json, what: what)
        devices = try fields.items("devices", what, RuntimeSpec.DeviceRule.init)
        memory = try fields.part("memory", what, RuntimeSpec.Memory.init)
        cpu = try fields.part("cpu", what, RuntimeSpec.CPU.init)
        pids = try fields.part("pids", what) { fields, what throws(CFSError) in
            RuntimeSpec.Pids(limit: try fields.needed(try fields.integer("limit"), "limit", what))
        }
        blockIO = try fields.part("blockIO", what, RuntimeSpec.BlockIO.init)
        hugepageLimits = try fields.items("hugepageLimits", what) { fields, what throws(CFSError) in
            RuntimeSpec.HugepageLimit(
                pageSize: try fields.needed(try fields.string("pageSize"), "pageSize", what),
                limit: try fields.needed(try fields.unsigned("limit"), "limit", what))
        }
        network = try fields.part("network", what, RuntimeSpec.Network.init)
        rdma = try fields.members("rdma", what) { device, fields, _ throws(CFSError) in
            RuntimeSpec.RDMA(
                device: device, hcaHandles: try fields.id("hcaHandles"), hcaObjects: try fields.id("hcaObjects"))
        }
        for (key, value) in try fields.take("unified", "an object of strings", \.object)?.entries ?? [] {
            guard let text = value.string else {
                throw CFSError(.invalidConfiguration, .parsing, "\(what).unified.\(key) must be a string")
            }
            unified.append(RuntimeSpec.UnifiedFile(key, text))
        }
        try fields.finish()
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
    fileprivate init(_ fields: inout JSONFields, _ what: String) throws(CFSError) {
        self.init(
            allow: try fields.needed(try fields.bool("allow"), "allow", what), type: try fields.string("type"),
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
    fileprivate init(_ fields: inout JSONFields, _ what: String) throws(CFSError) {
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
    fileprivate init(_ fields: inout JSONFields, _ what: String) throws(CFSError) {
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
    fileprivate init(_ fields: inout JSONFields, _ what: String) throws(CFSError) {
        weight = try fields.short("weight")
        leafWeight = try fields.short("leafWeight")
        weightDevice = try fields.items("weightDevice", what) { fields, what throws(CFSError) in
            RuntimeSpec.WeightDevice(
                major: try fields.needed(try fields.integer("major"), "major", what),
                minor: try fields.needed(try fields.integer("minor"), "minor", what),
                weight: try fields.short("weight"), leafWeight: try fields.short("leafWeight"))
        }
        throttleReadBpsDevice = try fields.items("throttleReadBpsDevice", what, RuntimeSpec.ThrottleDevice.init)
        throttleWriteBpsDevice = try fields.items("throttleWriteBpsDevice", what, RuntimeSpec.ThrottleDevice.init)
        throttleReadIOPSDevice = try fields.items("throttleReadIOPSDevice", what, RuntimeSpec.ThrottleDevice.init)
        throttleWriteIOPSDevice = try fields.items("throttleWriteIOPSDevice", what, RuntimeSpec.ThrottleDevice.init)
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
    fileprivate init(_ fields: inout JSONFields, _ what: String) throws(CFSError) {
        self.init(
            major: try fields.needed(try fields.integer("major"), "major", what),
            minor: try fields.needed(try fields.integer("minor"), "minor", what),
            rate: try fields.needed(try fields.unsigned("rate"), "rate", what))
    }

    fileprivate var json: JSON {
        ["major": .integer(major), "minor": .integer(minor), "rate": JSON(unsigned: rate)]
    }
}

extension RuntimeSpec.Network {
    fileprivate init(_ fields: inout JSONFields, _ what: String) throws(CFSError) {
        classID = try fields.id("classID")
        priorities = try fields.items("priorities", what) { fields, what throws(CFSError) in
            RuntimeSpec.InterfacePriority(
                name: try fields.needed(try fields.string("name"), "name", what),
                priority: try fields.needed(try fields.id("priority"), "priority", what))
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

extension JSONFields {
    fileprivate mutating func short(_ key: String) throws(CFSError) -> UInt16? {
        try take(key, "a whole number below 2^16") { $0.unsigned.flatMap { UInt16(exactly: $0) } }
    }

    fileprivate func needed<Value>(_ value: Value?, _ key: String, _ what: String) throws(CFSError) -> Value {
        guard let value else { throw CFSError(.invalidConfiguration, .parsing, "\(what) needs \(key)") }
        return value
    }

    /// An object, read whole by `read`, which gets its full name for its messages.
    fileprivate mutating func part<Part>(
        _ key: String, _ what: String, _ read: (inout JSONFields, String) throws(CFSError) -> Part
    ) throws(CFSError) -> Part? {
        guard let json = try json(key) else { return nil }
        return try Self.whole(json, "\(what).\(key)", read)
    }

    /// An array of objects.
    fileprivate mutating func items<Item>(
        _ key: String, _ what: String, _ read: (inout JSONFields, String) throws(CFSError) -> Item
    ) throws(CFSError) -> [Item] {
        var items: [Item] = []
        for (index, json) in (try take(key, "an array", \.array) ?? []).enumerated() {
            items.append(try Self.whole(json, "\(what).\(key)[\(index)]", read))
        }
        return items
    }

    /// An object whose members are objects.
    fileprivate mutating func members<Item>(
        _ key: String, _ what: String, _ read: (String, inout JSONFields, String) throws(CFSError) -> Item
    ) throws(CFSError) -> [Item] {
        var items: [Item] = []
        for (name, json) in try take(key, "an object", \.object)?.entries ?? [] {
            items.append(
                try Self.whole(json, "\(what).\(key).\(name)") { fields, what throws(CFSError) in
                    try read(name, &fields, what)
                })
        }
        return items
    }

    private static func whole<Part>(
        _ json: JSON, _ what: String, _ read: (inout JSONFields, String) throws(CFSError) -> Part
    ) throws(CFSError) -> Part {
        var fields = try JSONFields(json, what: what)
        let part = try read(&fields, what)
        try fields.finish()
        return part
    }
}
