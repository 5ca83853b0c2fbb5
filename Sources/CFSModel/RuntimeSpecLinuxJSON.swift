extension RuntimeSpec.Linux {
    init(_ fields: inout JSONFields) throws(CFSError) {
        self.init()
        namespaces = try fields.items("namespaces", RuntimeSpec.Namespace.init)
        for (index, one) in namespaces.enumerated() where namespaces[..<index].contains(where: { $0.type == one.type })
        {
            throw fields.fault("namespaces[\(index)].type", "repeats \(one.type)")
        }
        uidMappings = try fields.items("uidMappings", RuntimeSpec.IDRange.init)
        gidMappings = try fields.items("gidMappings", RuntimeSpec.IDRange.init)
        let offsets = try fields.members("timeOffsets") { clock, fields throws(CFSError) in
            (clock, try RuntimeSpec.TimeOffset(&fields))
        }
        for (clock, offset) in offsets {
            guard RuntimeSpec.Words.clocks.contains(clock) else {
                throw fields.fault("timeOffsets.\(clock)", "is not a clock that has an offset: monotonic or boottime")
            }
            timeOffsets[clock] = offset
        }
        devices = try fields.items("devices", RuntimeSpec.Device.init)
        netDevices = try fields.members("netDevices") { name, fields throws(CFSError) in
            RuntimeSpec.NetDevice(hostName: name, name: try fields.string("name"))
        }
        cgroupsPath = try fields.string("cgroupsPath")
        resources = try fields.part("resources", RuntimeSpec.Resources.init)
        sysctl = try fields.map("sysctl")
        seccomp = try fields.take("seccomp", "an object") { $0.object.map(JSON.object) }
        rootfsPropagation = try fields.string("rootfsPropagation", of: RuntimeSpec.Words.propagations)
        maskedPaths = try fields.strings("maskedPaths")
        readonlyPaths = try fields.strings("readonlyPaths")
        mountLabel = try fields.string("mountLabel")
        personality = try fields.part("personality") { fields throws(CFSError) in
            let domain = try fields.string("domain", of: RuntimeSpec.Words.domains)
            return RuntimeSpec.Personality(
                domain: try fields.needed(domain, "domain"), flags: try fields.strings("flags"))
        }
        // Once to see that it is right, once as it stands.
        let asked = try fields.json("intelRdt")
        if let asked {
            _ = try JSONFields.read(
                asked, what: fields.name("intelRdt"), reading: fields.reading, Self.checkIntelRdt)
        }
        intelRdt = asked
        memoryPolicy = try fields.part("memoryPolicy") { fields throws(CFSError) in
            let mode = try fields.string("mode", of: RuntimeSpec.Words.memoryModes)
            return RuntimeSpec.MemoryPolicy(
                mode: try fields.needed(mode, "mode"), nodes: try fields.string("nodes"),
                flags: try fields.strings("flags", of: RuntimeSpec.Words.memoryFlags) ?? [])
        }
    }

    private static func checkIntelRdt(_ fields: inout JSONFields) throws(CFSError) {
        _ = try fields.string("closID")
        _ = try fields.strings("schemata")
        _ = try fields.string("l3CacheSchema")
        _ = try fields.string("memBwSchema", "one line that begins with MB:") {
            $0.hasPrefix("MB:") && !$0.utf8.contains(0x0a)
        }
        _ = try fields.bool("enableMonitoring")
    }

    var json: JSON {
        var out = JSONBuilder()
        out.set("namespaces", namespaces.map(\.json))
        out.set("uidMappings", uidMappings.map(\.json))
        out.set("gidMappings", gidMappings.map(\.json))
        if !timeOffsets.isEmpty {
            let offsets = timeOffsets.sorted { $0.key < $1.key }.map {
                ($0.key, ["secs": .integer($0.value.secs), "nanosecs": .integer(Int64($0.value.nanosecs))] as JSON)
            }
            out.set("timeOffsets", JSON.object(JSONObject(offsets)))
        }
        out.set("devices", devices.map(\.json))
        if !netDevices.isEmpty {
            out.set("netDevices", JSON.object(JSONObject(netDevices.map { ($0.hostName, $0.json) })))
        }
        out.set("cgroupsPath", cgroupsPath)
        out.set("resources", resources?.json)
        out.set("sysctl", sysctl)
        out.set("seccomp", seccomp)
        out.set("rootfsPropagation", rootfsPropagation)
        out.set("maskedPaths", maskedPaths)
        out.set("readonlyPaths", readonlyPaths)
        out.set("mountLabel", mountLabel)
        out.set("personality", personality?.json)
        out.set("intelRdt", intelRdt)
        out.set("memoryPolicy", memoryPolicy?.json)
        return out.json
    }
}

extension RuntimeSpec.Namespace {
    init(_ fields: inout JSONFields) throws(CFSError) {
        let type = try fields.string("type", of: RuntimeSpec.Words.namespaces)
        self.init(
            type: try fields.needed(type, "type"),
            path: try fields.string("path", "an absolute path", where: RuntimeSpec.Words.isAbsolute))
    }

    var json: JSON {
        var out = JSONBuilder()
        out.set("type", type)
        out.set("path", path)
        return out.json
    }
}

extension RuntimeSpec.TimeOffset {
    init(_ fields: inout JSONFields) throws(CFSError) {
        self.init(secs: try fields.integer("secs") ?? 0, nanosecs: try fields.id("nanosecs") ?? 0)
    }
}

extension RuntimeSpec.Device {
    init(_ fields: inout JSONFields) throws(CFSError) {
        let type = try fields.needed(try fields.string("type", of: RuntimeSpec.Words.devices), "type")
        let major = try fields.id("major")
        let minor = try fields.id("minor")
        let isPipe = type == "p"
        self.init(
            type: type, path: try fields.needed(try fields.string("path"), "path"),
            major: try fields.needed(isPipe ? major ?? 0 : major, "major"),
            minor: try fields.needed(isPipe ? minor ?? 0 : minor, "minor"), fileMode: try fields.id("fileMode"))
        uid = try fields.id("uid")
        gid = try fields.id("gid")
    }

    var json: JSON {
        var out = JSONBuilder()
        out.set("type", type)
        out.set("path", path)
        if type != "p" || major != 0 || minor != 0 {
            out.set("major", major)
            out.set("minor", minor)
        }
        out.set("fileMode", fileMode)
        out.set("uid", uid)
        out.set("gid", gid)
        return out.json
    }
}

extension RuntimeSpec.NetDevice {
    var json: JSON {
        var out = JSONBuilder()
        out.set("name", name)
        return out.json
    }
}

extension RuntimeSpec.Personality {
    var json: JSON {
        var out = JSONBuilder()
        out.set("domain", domain)
        out.set("flags", flags)
        return out.json
    }
}

extension RuntimeSpec.MemoryPolicy {
    var json: JSON {
        var out = JSONBuilder()
        out.set("mode", mode)
        out.set("nodes", nodes)
        out.set("flags", flags)
        return out.json
    }
}
