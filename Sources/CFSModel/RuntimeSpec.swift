/// The OCI runtime configuration (runtime-spec 1.3.0, config.md and config-linux.md), as far as the engine enforces it.
/// Property names are those of the JSON.
public struct RuntimeSpec: Sendable, Hashable {
    public var ociVersion = "1.2.0"
    public var root: Root
    public var process: Process
    public var hostname: String?
    public var domainname: String?
    public var mounts: [Mount] = []
    public var annotations: [String: String] = [:]
    public var linux = Linux()

    public struct Root: Sendable, Hashable {
        public var path: String
        public var readonly: Bool
        public init(path: String, readonly: Bool) {
            self.path = path
            self.readonly = readonly
        }
    }

    public struct Mount: Sendable, Hashable {
        public var destination: String
        public var type: String
        public var source: String
        public var options: [String]
        public init(destination: String, type: String, source: String, options: [String]) {
            self.destination = destination
            self.type = type
            self.source = source
            self.options = options
        }
    }

    public struct Linux: Sendable, Hashable {
        public var namespaces: [Namespace] = []
        public var uidMappings: [IDRange] = []
        public var gidMappings: [IDRange] = []
        public var timeOffsets: [String: TimeOffset] = [:]
        public var devices: [Device] = []
        public var cgroupsPath: String?
        public var resources: Resources?
        public var sysctl: [String: String] = [:]
        /// The seccomp object as it stands (config-linux.md, seccomp).
        public var seccomp: JSON?
        public var maskedPaths: [String] = []
        public var readonlyPaths: [String] = []
        public init() {}
    }

    public struct Namespace: Sendable, Hashable {
        /// `pid`, `network`, `mount`, `ipc`, `uts`, `user`, `cgroup` or `time`.
        public var type: String
        public var path: String?
        public init(type: String, path: String? = nil) {
            self.type = type
            self.path = path
        }
    }

    public struct IDRange: Sendable, Hashable {
        public var containerID: UInt32
        public var hostID: UInt32
        public var size: UInt32
        public init(containerID: UInt32, hostID: UInt32, size: UInt32) {
            self.containerID = containerID
            self.hostID = hostID
            self.size = size
        }
    }

    public struct TimeOffset: Sendable, Hashable {
        public var secs: Int64
        public var nanosecs: UInt32
    }

    public struct Device: Sendable, Hashable {
        /// `c`, `b`, `u` or `p`.
        public var type: String
        public var path: String
        public var major: UInt32
        public var minor: UInt32
        /// Permission bits, with or without the bits of the device's own type; 0666 by default.
        public var fileMode: UInt32?
        public init(type: String, path: String, major: UInt32, minor: UInt32, fileMode: UInt32?) {
            self.type = type
            self.path = path
            self.major = major
            self.minor = minor
            self.fileMode = fileMode
        }
    }

    public init(root: Root, process: Process) {
        self.root = root
        self.process = process
    }
}

// MARK: JSON

extension RuntimeSpec {
    public init(json: JSON) throws(CFSError) {
        var fields = try JSONFields(json, what: "config")
        guard let version = try fields.string("ociVersion"), version.hasPrefix("1.") else {
            throw CFSError(.invalidConfiguration, .parsing, "config.ociVersion must be 1.x")
        }
        guard let root = try fields.json("root"), let process = try fields.json("process") else {
            throw CFSError(.invalidConfiguration, .parsing, "config needs root and process")
        }
        self.init(root: try Root(json: root), process: try Process(json: process))
        ociVersion = version
        hostname = try fields.string("hostname")
        domainname = try fields.string("domainname")
        mounts = try fields.list("mounts") { json throws(CFSError) in try Mount(json: json) }
        annotations = try fields.map("annotations")
        if let json = try fields.json("linux") { linux = try Linux(json: json) }
        try fields.finish()
    }

    public var json: JSON {
        var out = JSONBuilder()
        out.set("ociVersion", ociVersion)
        out.set("root", ["path": .string(root.path), "readonly": .bool(root.readonly)])
        out.set("process", process.json)
        out.set("hostname", hostname)
        out.set("domainname", domainname)
        out.set("mounts", mounts.map(\.json))
        out.set("annotations", annotations)
        out.set("linux", linux.json)
        return out.json
    }
}

extension RuntimeSpec.Root {
    init(json: JSON) throws(CFSError) {
        var fields = try JSONFields(json, what: "root")
        self.init(path: try fields.string("path") ?? "", readonly: try fields.bool("readonly") ?? false)
        try fields.finish()
    }
}

extension RuntimeSpec.Mount {
    init(json: JSON) throws(CFSError) {
        var fields = try JSONFields(json, what: "mount")
        self.init(
            destination: try fields.string("destination") ?? "", type: try fields.string("type") ?? "",
            source: try fields.string("source") ?? "", options: try fields.strings("options"))
        try fields.finish()
    }

    var json: JSON {
        var out = JSONBuilder()
        out.set("destination", destination)
        out.set("type", type)
        out.set("source", source)
        out.set("options", options)
        return out.json
    }
}

extension RuntimeSpec.Linux {
    init(json: JSON) throws(CFSError) {
        self.init()
        var fields = try JSONFields(json, what: "linux")
        namespaces = try fields.list("namespaces") { json throws(CFSError) in
            var fields = try JSONFields(json, what: "namespace")
            let namespace = RuntimeSpec.Namespace(
                type: try fields.string("type") ?? "", path: try fields.string("path"))
            try fields.finish()
            return namespace
        }
        uidMappings = try fields.list("uidMappings") { json throws(CFSError) in try RuntimeSpec.IDRange(json: json) }
        gidMappings = try fields.list("gidMappings") { json throws(CFSError) in try RuntimeSpec.IDRange(json: json) }
        if let offsets = try fields.take("timeOffsets", "an object", \.object) {
            for (clock, json) in offsets.entries {
                var fields = try JSONFields(json, what: "timeOffset")
                timeOffsets[clock] = RuntimeSpec.TimeOffset(
                    secs: try fields.integer("secs") ?? 0, nanosecs: try fields.id("nanosecs") ?? 0)
                try fields.finish()
            }
        }
        devices = try fields.list("devices") { json throws(CFSError) in
            var fields = try JSONFields(json, what: "device")
            let device = RuntimeSpec.Device(
                type: try fields.string("type") ?? "", path: try fields.string("path") ?? "",
                major: try fields.id("major") ?? 0, minor: try fields.id("minor") ?? 0,
                fileMode: try fields.id("fileMode"))
            try fields.finish()
            return device
        }
        cgroupsPath = try fields.string("cgroupsPath")
        if let json = try fields.json("resources") { resources = try RuntimeSpec.Resources(json: json) }
        sysctl = try fields.map("sysctl")
        seccomp = try fields.json("seccomp")
        maskedPaths = try fields.strings("maskedPaths")
        readonlyPaths = try fields.strings("readonlyPaths")
        try fields.finish()
    }

    var json: JSON {
        var out = JSONBuilder()
        out.set(
            "namespaces",
            namespaces.map { namespace in
                var out = JSONBuilder()
                out.set("type", namespace.type)
                out.set("path", namespace.path)
                return out.json
            })
        out.set("uidMappings", uidMappings.map(\.json))
        out.set("gidMappings", gidMappings.map(\.json))
        out.set(
            "timeOffsets",
            timeOffsets.isEmpty
                ? nil
                : JSON.object(
                    JSONObject(
                        timeOffsets.sorted { $0.key < $1.key }.map {
                            ($0.key, ["secs": .integer($0.value.secs), "nanosecs": .integer(Int64($0.value.nanosecs))])
                        })))
        out.set(
            "devices",
            devices.map { device in
                var out = JSONBuilder()
                out.set("type", device.type)
                out.set("path", device.path)
                out.set("major", device.major)
                out.set("minor", device.minor)
                out.set("fileMode", device.fileMode)
                return out.json
            })
        out.set("cgroupsPath", cgroupsPath)
        out.set("resources", resources?.json)
        out.set("sysctl", sysctl)
        out.set("seccomp", seccomp)
        out.set("maskedPaths", maskedPaths)
        out.set("readonlyPaths", readonlyPaths)
        return out.json
    }
}

extension RuntimeSpec.IDRange {
    init(json: JSON) throws(CFSError) {
        var fields = try JSONFields(json, what: "id mapping")
        self.init(
            containerID: try fields.id("containerID") ?? 0, hostID: try fields.id("hostID") ?? 0,
            size: try fields.id("size") ?? 0)
        try fields.finish()
    }

    var json: JSON {
        ["containerID": .integer(Int64(containerID)), "hostID": .integer(Int64(hostID)), "size": .integer(Int64(size))]
    }
}
