import CFSLinux
import CFSModel
import CFSNamespaces
import Glibc

/// What CRIU's image does not say, and a restore needs: which streams and mounts of the container came from outside. It lies
/// beside CRIU's files.
struct CheckpointImage {
    static let fileName = "cfs-runtime.json"

    /// What CRIU calls the three standard streams, where they are not the container's own; else empty.
    var streams: [String] = []
    /// What kind of file each of these was, where it matters: CRIU takes one of the same kind, and of the same length, only.
    var kinds: [String] = []
    /// Whether the container had a terminal, all its mount points, and the types of its namespaces by path: a configuration that says
    /// otherwise is not the container's.
    var hasTerminal = false
    var places: [String] = []
    var joined: [String] = []
    /// Mount points of what is the host's, by the names of the configuration: a mount below one that was mounted with all that lies
    /// below it has the rest of its path behind that name.
    var mounts: [String] = []
    /// Whether no process could gain privileges by executing a program (PR_SET_NO_NEW_PRIVS).
    var forbidsNewPrivileges = false

    var json: JSON {
        [
            "streams": JSON(streams), "kinds": JSON(kinds), "terminal": .bool(hasTerminal), "places": JSON(places),
            "joined": JSON(joined), "mounts": JSON(mounts), "noNewPrivileges": .bool(forbidsNewPrivileges),
        ]
    }

    init() {}

    init(folder: Int32) throws(CFSError) {
        let file = try File.open(Self.fileName, [.read, .noFollow], at: folder, phase: .looking)
        let bytes = try File.readAll(file.raw, limit: 16 << 20, path: Self.fileName)
        var fields = try JSONFields(
            try JSON(parsing: bytes, what: Self.fileName), what: Self.fileName, reading: .extensible)
        streams = try fields.strings("streams")
        kinds = try fields.strings("kinds")
        hasTerminal = try fields.bool("terminal") ?? false
        places = try fields.strings("places")
        joined = try fields.strings("joined")
        mounts = try fields.strings("mounts")
        forbidsNewPrivileges = try fields.bool("noNewPrivileges") ?? false
        guard streams.count <= 3 else { throw fields.fault("streams", "more than three") }
    }

    /// What a configuration says of what an image must agree with.
    mutating func describe(_ spec: RuntimeSpec) {
        hasTerminal = spec.process.terminal
        places = Self.places(spec)
        joined = NamespacesByPath(spec).namespaces.map(\.type).sorted()
    }

    private static func places(_ spec: RuntimeSpec) -> [String] {
        spec.mounts.map { "/" + $0.destination.pathNames.text(separator: "/") }.sorted()
    }

    /// - Throws: `invalidConfiguration` when a configuration is not that of the container that was written down: CRIU would leave out what it
    ///   has more, without a word.
    func check(_ spec: RuntimeSpec) throws(CFSError) {
        func fault(_ text: String) -> CFSError {
            CFSError(
                .invalidConfiguration, .preparing, text, hint: "restore takes the configuration that the container had")
        }
        if hasTerminal != spec.process.terminal {
            throw fault("process.terminal: the container of the image had \(hasTerminal ? "a" : "no") terminal")
        }
        let now = Self.places(spec)
        if let more = now.first(where: { !places.contains($0) }) {
            throw fault("the configuration has a mount at \(more), and the image has none")
        }
        if let more = places.first(where: { !now.contains($0) }) {
            throw fault("the image has a mount at \(more), and the configuration has none")
        }
        let types = NamespacesByPath(spec).namespaces.map(\.type).sorted()
        if types != joined {
            throw fault(
                "the container of the image had \(joined.isEmpty ? "no" : joined.text(separator: ", ")) namespaces by path, and the configuration has "
                    + (types.isEmpty ? "none" : types.text(separator: ", ")))
        }
    }

    /// - Throws: `invalidArgument` when a stream of the caller cannot be what the container's was.
    func checkStreams() throws(CFSError) {
        let names = ["standard input", "standard output", "standard error"]
        for number in InheritedDescriptors.order(streams) where kinds.indices.contains(number) && !kinds[number].isEmpty
        {
            let now = try Self.kind(Int32(number))
            guard now != kinds[number] else { continue }
            throw CFSError(
                .invalidArgument, .preparing,
                "\(names[number]) of the container was \(kinds[number]), and that of restore is \(now)",
                hint: "a container whose streams are pipes takes any file when it is restored")
        }
    }

    /// Of a descriptor of this process, or of one that is opened by a path.
    static func kind(_ descriptor: Int32) throws(CFSError) -> String {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return "closed" }
        switch status.st_mode & S_IFMT {
        case S_IFREG: return "a file of \(status.st_size) bytes"
        case S_IFCHR: return "the device \(status.st_rdev >> 8 & 0xfff):\(status.st_rdev & 0xff)"
        case S_IFIFO: return "a pipe"
        case S_IFSOCK: return "a socket"
        default: return "another kind of file"
        }
    }

    static func remove(from folder: Int32) throws(CFSError) {
        let removed = unlinkat(folder, fileName, 0) == 0 ? 0 : -Int(errno)
        if removed != -ErrorCode.notFound { try checked(removed, "unlinkat", .preparing, path: fileName) }
    }

    func write(into folder: Int32) throws(CFSError) {
        try AtomicFile.write(json.bytes(), to: Self.fileName, in: folder, durable: false)
    }

    /// Mounts of a configuration that are the host's: bind mounts, and the container's cgroup.
    static func isExternal(_ mount: RuntimeSpec.Mount) -> Bool {
        ["cgroup", "cgroup2"].contains(mount.type) || isBind(mount)
    }

    static func isBind(_ mount: RuntimeSpec.Mount) -> Bool {
        mount.type == "bind" || mount.options.contains("bind") || mount.options.contains("rbind")
    }

    /// Whether a mount is the new file system with the device nodes of a user namespace. CRIU would make those in the namespace, which the
    /// kernel forbids, so it is made anew by whoever restores.
    static func isOfDevices(_ mount: RuntimeSpec.Mount, _ spec: RuntimeSpec) -> Bool {
        mount.type == "tmpfs" && mount.destination.pathNames == ["dev"] && !spec.linux.uidMappings.isEmpty
    }

    /// Where what an image calls by a name comes from.
    enum Source {
        /// A path of the host.
        case host(String)
        /// A new file system with the device nodes of a user namespace.
        case devices
    }

    /// - Parameter cgroup: the container's own.
    /// - Returns: nil when the configuration has no such mount.
    /// - Throws: `unsafeLayer` for a name that leads out of what the configuration has there.
    func source(of name: String, _ spec: RuntimeSpec, cgroup: String?) throws(CFSError) -> Source? {
        let parts = name.pathNames
        if parts.contains("..") || parts.contains(".") { throw Self.leadsOut(name) }
        var found: (mount: RuntimeSpec.Mount, rest: [String])?
        if parts == ["dev"], spec.mounts.contains(where: { Self.isOfDevices($0, spec) }) { return .devices }
        for mount in spec.mounts where Self.isExternal(mount) {
            let place = mount.destination.pathNames
            guard parts.starts(with: place), parts.count - place.count <= found?.rest.count ?? .max else { continue }
            found = (mount, Array(parts.dropFirst(place.count)))
        }
        guard let (mount, rest) = found else { return nil }
        guard Self.isBind(mount) else { return rest.isEmpty ? cgroup.map { .host($0) } : nil }
        if rest.isEmpty { return .host(mount.source) }
        // Below it lies what was mounted with it; whoever writes there may have made a link of it since.
        guard mount.options.contains("rbind") else { return nil }
        let below = rest.text(separator: "/")
        let base = try Directory.open(mount.source)
        let there = File.tryOpen(below, below: base.raw, .path, resolve: [.beneath, .noSymlinks])
        guard there >= 0 else { throw Self.leadsOut(name) }
        _ = OwnedFD(there)
        return .host("\(mount.source)/\(below)")
    }

    private static func leadsOut(_ name: String) -> CFSError {
        CFSError(
            .unsafeLayer, .preparing, "the image has a mount at \(name), which leads nowhere in the configuration's",
            path: name)
    }
}
