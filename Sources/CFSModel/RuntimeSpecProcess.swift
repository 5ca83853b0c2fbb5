extension RuntimeSpec {
    /// The `process` object (runtime-spec 1.3.0, config.md, process).
    public struct Process: Sendable, Hashable {
        public var terminal = false
        public var consoleSize: ConsoleSize?
        public var user = User()
        public var args: [String]
        public var env: [String] = []
        public var cwd = "/"
        public var capabilities: Capabilities?
        public var rlimits: [Rlimit] = []
        public var noNewPrivileges = false
        public var oomScoreAdj: Int?

        public init(args: [String]) { self.args = args }
    }

    public struct ConsoleSize: Sendable, Hashable {
        public var height: UInt16
        public var width: UInt16
        public init(height: UInt16, width: UInt16) {
            self.height = height
            self.width = width
        }
    }

    public struct User: Sendable, Hashable {
        public var uid: UInt32 = 0
        public var gid: UInt32 = 0
        public var umask: UInt32?
        public var additionalGids: [UInt32] = []
        public init() {}
    }

    /// Names with `CAP_`.
    public struct Capabilities: Sendable, Hashable {
        public var bounding: [String] = []
        public var effective: [String] = []
        public var permitted: [String] = []
        public var inheritable: [String] = []
        public var ambient: [String] = []
        public init() {}
    }

    public struct Rlimit: Sendable, Hashable {
        /// `RLIMIT_NOFILE`.
        public var type: String
        public var soft: UInt64
        public var hard: UInt64
        public init(type: String, soft: UInt64, hard: UInt64) {
            self.type = type
            self.soft = soft
            self.hard = hard
        }
    }
}

extension RuntimeSpec.Process {
    /// Reads the object; a member that the engine does not enforce is an error.
    public init(json: JSON) throws(CFSError) {
        var fields = try JSONFields(json, what: "process")
        self.init(args: try fields.strings("args"))
        terminal = try fields.bool("terminal") ?? false
        if let size = try fields.json("consoleSize") {
            var inner = try JSONFields(size, what: "process.consoleSize")
            consoleSize = RuntimeSpec.ConsoleSize(
                height: UInt16(clamping: try inner.unsigned("height") ?? 0),
                width: UInt16(clamping: try inner.unsigned("width") ?? 0))
            try inner.finish()
        }
        if let json = try fields.json("user") {
            var inner = try JSONFields(json, what: "process.user")
            user.uid = try inner.id("uid") ?? 0
            user.gid = try inner.id("gid") ?? 0
            user.umask = try inner.id("umask")
            user.additionalGids =
                try inner.take("additionalGids", "an array of ids") { json in
                    guard let array = json.array else { return nil }
                    let ids = array.compactMap { $0.unsigned.flatMap { UInt32(exactly: $0) } }
                    return ids.count == array.count ? ids : nil
                } ?? []
            try inner.finish()
        }
        env = try fields.strings("env")
        cwd = try fields.string("cwd") ?? "/"
        if let json = try fields.json("capabilities") {
            var inner = try JSONFields(json, what: "process.capabilities")
            var sets = RuntimeSpec.Capabilities()
            sets.bounding = try inner.strings("bounding")
            sets.effective = try inner.strings("effective")
            sets.permitted = try inner.strings("permitted")
            sets.inheritable = try inner.strings("inheritable")
            sets.ambient = try inner.strings("ambient")
            try inner.finish()
            capabilities = sets
        }
        rlimits = try fields.list("rlimits") { json throws(CFSError) in
            var inner = try JSONFields(json, what: "rlimit")
            let limit = RuntimeSpec.Rlimit(
                type: try inner.string("type") ?? "", soft: try inner.unsigned("soft") ?? 0,
                hard: try inner.unsigned("hard") ?? 0)
            try inner.finish()
            return limit
        }
        noNewPrivileges = try fields.bool("noNewPrivileges") ?? false
        oomScoreAdj = try fields.integer("oomScoreAdj").map { Int($0) }
        try fields.finish()
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
        return out.json
    }
}
