extension RuntimeSpec {
    /// Reads one of the engine's own files: a member that the engine does not know is an error, as is one of the wrong
    /// type or value.
    public init(json: JSON) throws(CFSError) {
        self = try JSONFields.read(json, what: "config", reading: .strict, isDocument: true, Self.init)
    }

    /// Reads the `config.json` of a bundle as runtime-spec 1.3.0 demands: unknown members are ignored, and so is what is
    /// said for other platforms.
    ///
    /// - Parameter json: the document.
    /// - Throws: `.invalidConfiguration` with the full name of the member that is missing where the schema needs it, of
    ///   the wrong type or of a wrong value, such as `linux.resources.hugepageLimits[0].pageSize`.
    public init(bundle json: JSON) throws(CFSError) {
        self = try JSONFields.read(json, what: "config", reading: .extensible, isDocument: true, Self.init)
    }

    private init(_ fields: inout JSONFields) throws(CFSError) {
        let version = try fields.version("ociVersion")
        let root = try fields.part("root", Root.init)
        let process = try fields.part("process", Process.init)
        self.init(root: try fields.needed(root, "root"), process: process ?? Process(args: []))
        ociVersion = version
        hasProcess = process != nil
        hostname = try fields.string("hostname")
        domainname = try fields.string("domainname")
        mounts = try fields.items("mounts", Mount.init)
        hooks = try fields.part("hooks", Hooks.init) ?? Hooks()
        annotations = try fields.annotations()
        linux = try fields.part("linux", Linux.init) ?? Linux()
        if fields.reading == .extensible { _ = try fields.part("freebsd", Self.checkFreeBSD) }
    }

    /// The words of a part that is otherwise left alone, because the schema's examples have a wrong one
    /// (defs-freebsd.json, SharingMode).
    private static func checkFreeBSD(_ fields: inout JSONFields) throws(CFSError) {
        _ = try fields.part("jail") { fields throws(CFSError) in
            for key in ["host", "vnet"] { _ = try fields.string(key, of: ["new", "inherit"]) }
            for key in ["ip4", "ip6", "sysvmsg", "sysvsem", "sysvshm"] {
                _ = try fields.string(key, of: ["disable", "new", "inherit"])
            }
        }
    }

    /// The document; what is absent is left out, and so is `process` without ``hasProcess``.
    public var json: JSON {
        var out = JSONBuilder()
        out.set("ociVersion", ociVersion)
        out.set("root", ["path": .string(root.path), "readonly": .bool(root.readonly)])
        if hasProcess { out.set("process", process.json) }
        out.set("hostname", hostname)
        out.set("domainname", domainname)
        out.set("mounts", mounts.map(\.json))
        if !hooks.isEmpty { out.set("hooks", hooks.json) }
        out.set("annotations", annotations)
        if linux != Linux() { out.set("linux", linux.json) }
        return out.json
    }
}

extension RuntimeSpec.Root {
    init(_ fields: inout JSONFields) throws(CFSError) {
        self.init(
            path: try fields.needed(try fields.string("path"), "path"),
            readonly: try fields.bool("readonly") ?? false)
    }
}

extension RuntimeSpec.Mount {
    init(_ fields: inout JSONFields) throws(CFSError) {
        self.init(
            destination: try fields.needed(try fields.string("destination"), "destination"),
            type: try fields.string("type") ?? "", source: try fields.string("source") ?? "",
            options: try fields.strings("options"))
        uidMappings = try fields.items("uidMappings", RuntimeSpec.IDRange.init)
        gidMappings = try fields.items("gidMappings", RuntimeSpec.IDRange.init)
    }

    var json: JSON {
        var out = JSONBuilder()
        out.set("destination", destination)
        if !type.isEmpty { out.set("type", type) }
        if !source.isEmpty { out.set("source", source) }
        out.set("options", options)
        out.set("uidMappings", uidMappings.map(\.json))
        out.set("gidMappings", gidMappings.map(\.json))
        return out.json
    }
}

extension RuntimeSpec.IDRange {
    init(_ fields: inout JSONFields) throws(CFSError) {
        self.init(
            containerID: try fields.needed(try fields.id("containerID"), "containerID"),
            hostID: try fields.needed(try fields.id("hostID"), "hostID"),
            size: try fields.needed(try fields.id("size"), "size"))
    }

    var json: JSON {
        ["containerID": .integer(Int64(containerID)), "hostID": .integer(Int64(hostID)), "size": .integer(Int64(size))]
    }
}
