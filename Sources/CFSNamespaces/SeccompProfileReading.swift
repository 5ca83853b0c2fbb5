import CFSLinux
import CFSModel

extension SeccompProfile {
    /// Reads the `linux.seccomp` object of an OCI configuration.
    ///
    /// - Throws: `.invalidConfiguration` that names the field. Names of system calls are not checked here: those that are
    ///   unknown are passed over by the compiler, as other engines do, since a profile serves many kernels.
    public init(json: JSON) throws(CFSError) {
        try self.init(json, dialect: nil)
    }

    /// Reads a profile that a user wrote: the OCI form, or Docker's (`archMap`, `includes`, `excludes`, `name`), resolved for
    /// one container on this machine.
    ///
    /// - Parameters:
    ///   - capabilities: the container's bounding set.
    ///   - kernel: rules may ask for a kernel; nil is the running one.
    public init(json: JSON, capabilities: UInt64, kernel: KernelVersion? = nil) throws(CFSError) {
        let version: KernelVersion
        if let kernel { version = kernel } else { version = try KernelVersion.running() }
        try self.init(json, dialect: DockerDialect(capabilities: capabilities, kernel: version))
    }

    private init(_ json: JSON, dialect: DockerDialect?) throws(CFSError) {
        var fields = try JSONFields(json, what: "seccomp")
        if dialect != nil {
            for field in ["listenerPath", "listenerMetadata"] where try fields.json(field) != nil {
                throw Self.fault("seccomp.\(field)", Self.noAgent)
            }
        }
        let defaultAction = try Self.action(
            try fields.string("defaultAction"), try fields.id("defaultErrnoRet"), at: "seccomp", "defaultAction",
            "defaultErrnoRet")
        guard defaultAction != .notify else {
            throw Self.fault("seccomp.defaultAction", "cannot be SCMP_ACT_NOTIFY: a process could not even start")
        }
        var architectures = try Self.values(
            SeccompArchitecture.self, try fields.strings("architectures"), "seccomp.architectures")
        if let dialect, let map = try fields.json("archMap") {
            guard architectures.isEmpty else {
                throw Self.fault("seccomp.archMap", "cannot stand beside architectures")
            }
            architectures = try dialect.architectures(map)
        }
        let flags = try fields.strings("flags")
        var rules: [Rule] = []
        for (index, json) in (try fields.take("syscalls", "an array", \.array) ?? []).enumerated() {
            let place = "seccomp.syscalls[\(index)]"
            guard let rule = try Self.rule(json, at: place, dialect) else { continue }
            if rule.action == .notify, dialect != nil {
                throw Self.fault("\(place).action", "SCMP_ACT_NOTIFY \(Self.noAgent)")
            }
            rules.append(rule)
        }
        let listener = (try fields.string("listenerPath"), try fields.string("listenerMetadata"))
        try fields.finish()
        self.init(
            defaultAction: defaultAction, architectures: architectures,
            flags: try Self.values(Flag.self, flags, "seccomp.flags"),
            rules: rules)
        try setListener(listener.0, metadata: listener.1)
    }

    private static let noAgent = "is not supported: this engine has no seccomp agent"

    /// A listener that no rule needs is ignored (config-linux.md, seccomp).
    private mutating func setListener(_ given: String?, metadata: String?) throws(CFSError) {
        let path = given ?? ""
        guard metadata == nil || !path.isEmpty else {
            throw Self.fault("seccomp.listenerMetadata", "needs listenerPath")
        }
        guard notifies else { return }
        guard !path.isEmpty else {
            throw Self.fault("seccomp.listenerPath", "is missing: SCMP_ACT_NOTIFY needs somebody who listens")
        }
        guard path.isAbsolutePath, path.utf8.count <= 107, !path.utf8.contains(0) else {
            throw Self.fault("seccomp.listenerPath", "must be an absolute path of at most 107 bytes, not \"\(path)\"")
        }
        guard alwaysPasses("sendmsg") else {
            throw Self.fault(
                "seccomp.syscalls",
                "must allow sendmsg, always: by that call the descriptor of SCMP_ACT_NOTIFY leaves the process")
        }
        listener = Listener(path: path, metadata: metadata)
    }

    /// One entry of `syscalls`; nil when the dialect says that it is not for this container.
    private static func rule(_ json: JSON, at place: String, _ dialect: DockerDialect?) throws(CFSError) -> Rule? {
        var fields = try JSONFields(json, what: place)
        var names = try fields.strings("names")
        var applies = true
        if let dialect {
            if let name = try fields.string("name") {
                guard names.isEmpty else { throw fault("\(place).name", "cannot stand beside names") }
                names = [name]
            }
            // Docker's profiles explain themselves in it.
            _ = try fields.string("comment")
            if let json = try fields.json("includes") {
                applies = try DockerDialect.Filter(json, at: "\(place).includes").includes(dialect)
            }
            if let json = try fields.json("excludes"),
                try DockerDialect.Filter(json, at: "\(place).excludes").excludes(dialect)
            {
                applies = false
            }
        }
        guard !names.isEmpty, !names.contains("") else {
            throw fault("\(place).names", "must name at least one system call")
        }
        let action = try action(try fields.string("action"), try fields.id("errnoRet"), at: place, "action", "errnoRet")
        var conditions: [Condition] = []
        for (index, json) in (try fields.take("args", "an array", \.array) ?? []).enumerated() {
            conditions.append(try condition(json, at: "\(place).args[\(index)]"))
        }
        try fields.finish()
        return applies ? Rule(names, action, conditions) : nil
    }

    private static func condition(_ json: JSON, at place: String) throws(CFSError) -> Condition {
        var fields = try JSONFields(json, what: place)
        guard let index = try fields.id("index"), index < 6 else { throw fault("\(place).index", "must be 0 to 5") }
        guard let value = try fields.unsigned("value") else { throw fault("\(place).value", "is missing") }
        let name = try fields.string("op") ?? ""
        guard let comparison = Comparison(rawValue: name) else {
            throw fault("\(place).op", "does not know \"\(name)\"", among: Comparison.allCases.map(\.rawValue), name)
        }
        let condition = Condition(index, comparison, value, try fields.unsigned("valueTwo") ?? 0)
        try fields.finish()
        return condition
    }

    private static func action(
        _ name: String?, _ number: UInt32?, at place: String, _ field: String, _ numberField: String
    ) throws(CFSError) -> Action {
        guard let name else { throw fault("\(place).\(field)", "is missing") }
        let plain: [String: Action] = [
            "SCMP_ACT_KILL": .killThread, "SCMP_ACT_KILL_THREAD": .killThread, "SCMP_ACT_KILL_PROCESS": .killProcess,
            "SCMP_ACT_TRAP": .trap, "SCMP_ACT_ALLOW": .allow, "SCMP_ACT_LOG": .log,
            "SCMP_ACT_NOTIFY": .notify,
        ]
        if let action = plain[name] {
            // config-linux.md: with an action that has no use for it, the runtime must fail.
            guard number == nil else { throw fault("\(place).\(numberField)", "means nothing with \(name)") }
            return action
        }
        let given = number ?? 1  // EPERM, the specification's default
        switch name {
        case "SCMP_ACT_ERRNO":
            guard given < 4095 else { throw fault("\(place).\(numberField)", "must be an error number below 4095") }
            return .errno(UInt16(given))
        case "SCMP_ACT_TRACE":
            guard let small = UInt16(exactly: given) else {
                throw fault("\(place).\(numberField)", "must be at most 65535")
            }
            return .trace(small)
        default:
            throw fault(
                "\(place).\(field)", "does not know \"\(name)\"",
                among: plain.keys + ["SCMP_ACT_ERRNO", "SCMP_ACT_TRACE"], name)
        }
    }

    static func values<Value: RawRepresentable & CaseIterable>(
        _ type: Value.Type, _ names: [String], _ field: String
    ) throws(CFSError) -> [Value] where Value.RawValue == String {
        var values: [Value] = []
        for (index, name) in names.enumerated() {
            guard let value = Value(rawValue: name) else {
                throw fault(
                    "\(field)[\(index)]", "does not know \"\(name)\"", among: Value.allCases.map(\.rawValue), name)
            }
            values.append(value)
        }
        return values
    }

    static func fault(_ field: String, _ message: String, among names: [String] = [], _ wrong: String = "") -> CFSError
    {
        let near = NearestName.suggestions(for: wrong, among: names)
        return CFSError(
            .invalidConfiguration, .parsing, "\(field) \(message)",
            hint: near.isEmpty ? nil : "did you mean \(near.joined(separator: " or "))?")
    }
}
