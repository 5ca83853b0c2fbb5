extension RuntimeSpec.Process {
    /// Reads the object of one of the engine's own files: a member that the engine does not know is an error.
    public init(json: JSON) throws(CFSError) {
        self = try JSONFields.read(json, what: "process", reading: .strict, Self.init)
    }

    /// Reads the object as a caller of the runtime writes it: unknown members are ignored, `cwd` is needed.
    public init(bundle json: JSON) throws(CFSError) {
        self = try JSONFields.read(json, what: "process", reading: .extensible, Self.init)
    }

    init(_ fields: inout JSONFields) throws(CFSError) {
        self.init(args: try fields.strings("args"))
        terminal = try fields.bool("terminal") ?? false
        consoleSize = try fields.part("consoleSize") { fields throws(CFSError) in
            RuntimeSpec.ConsoleSize(
                height: UInt16(clamping: try fields.needed(try fields.unsigned("height"), "height")),
                width: UInt16(clamping: try fields.needed(try fields.unsigned("width"), "width")))
        }
        user = try fields.part("user", RuntimeSpec.User.init) ?? user
        env = try fields.strings("env")
        if fields.reading == .strict {
            cwd = try fields.string("cwd") ?? "/"
        } else {
            let path = try fields.string("cwd", "an absolute path", where: RuntimeSpec.Words.isAbsolute)
            cwd = try fields.needed(path, "cwd")
        }
        capabilities = try fields.part("capabilities", RuntimeSpec.Capabilities.init)
        rlimits = try fields.items("rlimits", RuntimeSpec.Rlimit.init)
        for (index, limit) in rlimits.enumerated() where rlimits[..<index].contains(where: { $0.type == limit.type }) {
            throw fields.fault("rlimits[\(index)].type", "repeats \(limit.type)")
        }
        noNewPrivileges = try fields.bool("noNewPrivileges") ?? false
        oomScoreAdj = try fields.integer("oomScoreAdj").map { Int($0) }
        apparmorProfile = try fields.string("apparmorProfile")
        selinuxLabel = try fields.string("selinuxLabel")
        scheduler = try fields.part("scheduler", RuntimeSpec.Scheduler.init)
        ioPriority = try fields.part("ioPriority") { fields throws(CFSError) in
            let name = try fields.string("class", of: RuntimeSpec.Words.ioClasses)
            return RuntimeSpec.IOPriority(
                class: try fields.needed(name, "class"), priority: try fields.int32("priority"))
        }
        execCPUAffinity = try fields.part("execCPUAffinity") { fields throws(CFSError) in
            let form = "a list of processors"
            return RuntimeSpec.CPUAffinity(
                initial: try fields.string("initial", form, where: RuntimeSpec.Words.isCPUList),
                final: try fields.string("final", form, where: RuntimeSpec.Words.isCPUList))
        }
    }

    public var json: JSON {
        var out = JSONBuilder()
        out.set("terminal", terminal)
        out.set(
            "consoleSize",
            consoleSize.map { ["height": .integer(Int64($0.height)), "width": .integer(Int64($0.width))] })
        var userOut = JSONBuilder()
        userOut.set("uid", user.uid)
        userOut.set("gid", user.gid)
        userOut.set("umask", user.umask)
        userOut.set("additionalGids", user.additionalGids.map { .integer(Int64($0)) })
        out.set("user", userOut.json)
        out.set("args", args)
        out.set("env", env)
        out.set("cwd", cwd)
        if let capabilities {
            var sets = JSONBuilder()
            sets.set("bounding", capabilities.bounding)
            sets.set("effective", capabilities.effective)
            sets.set("permitted", capabilities.permitted)
            sets.set("inheritable", capabilities.inheritable)
            sets.set("ambient", capabilities.ambient)
            out.set("capabilities", sets.json)
        }
        out.set(
            "rlimits",
            rlimits.map {
                ["type": .string($0.type), "soft": JSON(unsigned: $0.soft), "hard": JSON(unsigned: $0.hard)]
            })
        out.set("noNewPrivileges", noNewPrivileges)
        out.set("oomScoreAdj", oomScoreAdj)
        out.set("apparmorProfile", apparmorProfile)
        out.set("selinuxLabel", selinuxLabel)
        out.set("scheduler", scheduler?.json)
        out.set("ioPriority", ioPriority?.json)
        out.set("execCPUAffinity", execCPUAffinity?.json)
        return out.json
    }
}

extension RuntimeSpec.User {
    init(_ fields: inout JSONFields) throws(CFSError) {
        uid = try fields.id("uid") ?? 0
        gid = try fields.id("gid") ?? 0
        umask = try fields.id("umask")
        additionalGids =
            try fields.take("additionalGids", "an array of ids") { json in
                guard let array = json.array else { return nil }
                let ids = array.compactMap { $0.unsigned.flatMap { UInt32(exactly: $0) } }
                return ids.count == array.count ? ids : nil
            } ?? []
    }
}

extension RuntimeSpec.Capabilities {
    init(_ fields: inout JSONFields) throws(CFSError) {
        bounding = try Self.names("bounding", &fields)
        effective = try Self.names("effective", &fields)
        permitted = try Self.names("permitted", &fields)
        inheritable = try Self.names("inheritable", &fields)
        ambient = try Self.names("ambient", &fields)
    }

    private static func names(_ key: String, _ fields: inout JSONFields) throws(CFSError) -> [String] {
        try fields.strings(key, "a name such as CAP_KILL", where: RuntimeSpec.Words.isCapability) ?? []
    }
}

extension RuntimeSpec.Rlimit {
    init(_ fields: inout JSONFields) throws(CFSError) {
        let type = try fields.string("type", "a name such as RLIMIT_NOFILE", where: RuntimeSpec.Words.isRlimit)
        self.init(
            type: try fields.needed(type, "type"), soft: try fields.needed(try fields.unsigned("soft"), "soft"),
            hard: try fields.needed(try fields.unsigned("hard"), "hard"))
    }
}

extension RuntimeSpec.Scheduler {
    init(_ fields: inout JSONFields) throws(CFSError) {
        let policy = try fields.string("policy", of: RuntimeSpec.Words.schedulers)
        self.init(policy: try fields.needed(policy, "policy"))
        nice = try fields.int32("nice")
        priority = try fields.int32("priority")
        flags = try fields.strings("flags", of: RuntimeSpec.Words.schedulerFlags) ?? []
        runtime = try fields.unsigned("runtime")
        deadline = try fields.unsigned("deadline")
        period = try fields.unsigned("period")
    }

    var json: JSON {
        var out = JSONBuilder()
        out.set("policy", policy)
        out.set("nice", nice.map { Int($0) })
        out.set("priority", priority.map { Int($0) })
        out.set("flags", flags)
        out.set("runtime", runtime.map { JSON(unsigned: $0) })
        out.set("deadline", deadline.map { JSON(unsigned: $0) })
        out.set("period", period.map { JSON(unsigned: $0) })
        return out.json
    }
}

extension RuntimeSpec.IOPriority {
    var json: JSON {
        var out = JSONBuilder()
        out.set("class", self.class)
        out.set("priority", priority.map { Int($0) })
        return out.json
    }
}

extension RuntimeSpec.CPUAffinity {
    var json: JSON {
        var out = JSONBuilder()
        out.set("initial", initial)
        out.set("final", final)
        return out.json
    }
}
