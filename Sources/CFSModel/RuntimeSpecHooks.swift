extension RuntimeSpec {
    /// The `hooks` object (runtime-spec 1.3.0, config.md, POSIX-platform Hooks): programs of six moments, each in order.
    public struct Hooks: Sendable, Hashable {
        public var prestart: [Hook] = []
        public var createRuntime: [Hook] = []
        public var createContainer: [Hook] = []
        public var startContainer: [Hook] = []
        public var poststart: [Hook] = []
        public var poststop: [Hook] = []
        public init() {}

        public var isEmpty: Bool { self == Hooks() }
    }

    public struct Hook: Sendable, Hashable {
        /// Absolute.
        public var path: String
        /// As execv(3) takes them: the first one is the name.
        public var args: [String]
        public var env: [String]
        /// Seconds, at least 1; nil means that it may run as long as it likes.
        public var timeout: Int?
        public init(path: String, args: [String] = [], env: [String] = [], timeout: Int? = nil) {
            self.path = path
            self.args = args
            self.env = env
            self.timeout = timeout
        }
    }
}

extension RuntimeSpec.Hooks {
    init(_ fields: inout JSONFields) throws(CFSError) {
        prestart = try fields.items("prestart", RuntimeSpec.Hook.init)
        createRuntime = try fields.items("createRuntime", RuntimeSpec.Hook.init)
        createContainer = try fields.items("createContainer", RuntimeSpec.Hook.init)
        startContainer = try fields.items("startContainer", RuntimeSpec.Hook.init)
        poststart = try fields.items("poststart", RuntimeSpec.Hook.init)
        poststop = try fields.items("poststop", RuntimeSpec.Hook.init)
    }

    var json: JSON {
        var out = JSONBuilder()
        out.set("prestart", prestart.map(\.json))
        out.set("createRuntime", createRuntime.map(\.json))
        out.set("createContainer", createContainer.map(\.json))
        out.set("startContainer", startContainer.map(\.json))
        out.set("poststart", poststart.map(\.json))
        out.set("poststop", poststop.map(\.json))
        return out.json
    }
}

extension RuntimeSpec.Hook {
    init(_ fields: inout JSONFields) throws(CFSError) {
        let path = try fields.string("path", "an absolute path", where: RuntimeSpec.Words.isAbsolute)
        self.init(
            path: try fields.needed(path, "path"), args: try fields.strings("args"), env: try fields.strings("env"),
            timeout: try fields.take("timeout", "a whole number of seconds, at least 1") { json in
                json.integer.flatMap { $0 > 0 ? Int($0) : nil }
            })
    }

    var json: JSON {
        var out = JSONBuilder()
        out.set("path", path)
        out.set("args", args)
        out.set("env", env)
        out.set("timeout", timeout)
        return out.json
    }
}
