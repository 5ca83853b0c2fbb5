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
    /// Mount points of what is the host's, by the names of the configuration: a mount below one that was mounted with all that lies
    /// below it has the rest of its path behind that name.
    var mounts: [String] = []
    /// Whether no process could gain privileges by executing a program (PR_SET_NO_NEW_PRIVS).
    var forbidsNewPrivileges = false

    var json: JSON {
        ["streams": JSON(streams), "mounts": JSON(mounts), "noNewPrivileges": .bool(forbidsNewPrivileges)]
    }

    init() {}

    init(folder: Int32) throws(CFSError) {
        let file = try File.open(Self.fileName, [.read, .noFollow], at: folder, phase: .looking)
        let bytes = try File.readAll(file.raw, limit: 16 << 20, path: Self.fileName)
        var fields = try JSONFields(
            try JSON(parsing: bytes, what: Self.fileName), what: Self.fileName, reading: .extensible)
        streams = try fields.strings("streams")
        mounts = try fields.strings("mounts")
        forbidsNewPrivileges = try fields.bool("noNewPrivileges") ?? false
        guard streams.count <= 3 else { throw fields.fault("streams", "more than three") }
    }

    func write(into folder: Int32) throws(CFSError) {
        try AtomicFile.write(json.bytes(), to: Self.fileName, in: folder, durable: false)
    }

    /// Mounts of a configuration that are the host's: bind mounts, and the container's cgroup.
    static func isExternal(_ mount: RuntimeSpec.Mount) -> Bool {
        ["bind", "cgroup", "cgroup2"].contains(mount.type) || isBind(mount)
    }

    private static func isBind(_ mount: RuntimeSpec.Mount) -> Bool {
        mount.options.contains("bind") || mount.options.contains("rbind")
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
    func source(of name: String, _ spec: RuntimeSpec, cgroup: String?) -> Source? {
        let parts = name.pathNames
        var found: (depth: Int, source: String)?
        if parts == ["dev"], spec.mounts.contains(where: { Self.isOfDevices($0, spec) }) { return .devices }
        for mount in spec.mounts where Self.isExternal(mount) {
            let place = mount.destination.pathNames
            guard parts.starts(with: place), place.count >= found?.depth ?? 0 else { continue }
            let isCgroup = !Self.isBind(mount) && mount.type != "bind"
            guard let base = isCgroup ? cgroup : mount.source else { continue }
            found = (place.count, ([base] + parts.dropFirst(place.count)).text(separator: "/"))
        }
        return found.map { .host($0.source) }
    }
}

/// What of a container that runs is from outside.
struct CheckpointSurvey {
    private(set) var image = CheckpointImage()
    /// What CRIU is told of each (`--external` of criu(8)).
    private(set) var external: [String] = []
    /// Processes that have forbidden themselves to gain privileges, beside others that have not: CRIU loses that.
    private(set) var losing: [Int32] = []

    /// - Parameter processes: all of the container.
    init(_ pid: Int32, _ processes: [Int32], _ spec: RuntimeSpec) throws(CFSError) {
        let process = try File.open("/proc/\(pid)", [.path, .directory], phase: .looking)
        let table = try File.open("mountinfo", .read, at: process.raw, phase: .looking)
        let text = String(decoding: try File.readAll(table.raw), as: UTF8.self)
        try addMounts(MountInfo.all(in: text), process.raw, spec)
        if !spec.process.terminal { try addStreams(text, process.raw) }
        let forbidden = processes.filter(Self.forbidsNewPrivileges)
        image.forbidsNewPrivileges = forbidden.count == processes.count
        losing = image.forbidsNewPrivileges ? [] : forbidden
    }

    private static func forbidsNewPrivileges(_ pid: Int32) -> Bool {
        let opened = File.tryOpen("/proc/\(pid)/status", .read)
        guard opened >= 0 else { return false }
        let file = OwnedFD(opened)
        let bytes: [UInt8]
        do throws(CFSError) { bytes = try File.readAll(file.raw) } catch { return false }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").contains("NoNewPrivs:\t1")
    }

    private mutating func addMounts(
        _ mounts: [MountInfo], _ process: Int32, _ spec: RuntimeSpec
    ) throws(CFSError) {
        let root = try File.open("root", [.path, .directory], at: process, phase: .looking)
        var places: [(point: [String], name: String, isTree: Bool)] = []
        var own: Set<String> = Set(spec.linux.maskedPaths + spec.linux.readonlyPaths)
        for mount in spec.mounts {
            let opened = File.tryOpen(mount.destination, below: root.raw, .path, resolve: .inRoot)
            guard opened >= 0 else { continue }
            let place = OwnedFD(opened)
            let point = try File.readLink("/proc/self/fd/\(place.raw)")
            own.insert(point)
            guard CheckpointImage.isExternal(mount) || CheckpointImage.isOfDevices(mount, spec) else { continue }
            let isTree = mount.options.contains { $0 == "rbind" }
            places.append((point.pathNames, "/" + mount.destination.pathNames.text(separator: "/"), isTree))
        }
        for mount in mounts {
            let point = mount.mountPoint.pathNames
            let place = places.last { place in
                point == place.point
                    || place.isTree && point.starts(with: place.point) && !own.contains(mount.mountPoint)
            }
            guard let place else { continue }
            let name = ([place.name] + point.dropFirst(place.point.count)).text(separator: "/")
            guard !image.mounts.contains(name) else { continue }
            image.mounts.append(name)
            external.append("mnt[\(mount.mountPoint)]:\(name)")
        }
    }

    /// Pipes and sockets go by their number; a file of the host by its mount and its number there.
    private mutating func addStreams(_ mountInfo: String, _ process: Int32) throws(CFSError) {
        let mounts = Set(
            mountInfo.split(separator: "\n").compactMap { $0.split(separator: " ").first.map(String.init) })
        for number in 0...2 {
            let link = try File.readLink("fd/\(number)", at: process)
            if link.hasPrefix("pipe:") || link.hasPrefix("socket:") {
                image.streams.append(link)
                if link.hasPrefix("socket:") { external.append("unix\(link.dropFirst("socket:".count))") }
                continue
            }
            let info = try File.open("fdinfo/\(number)", .read, at: process, phase: .looking)
            let lines = String(decoding: try File.readAll(info.raw), as: UTF8.self).split(separator: "\n")
            let mount = lines.first { $0.hasPrefix("mnt_id:") }?.split(separator: "\t").last.flatMap { Int($0) } ?? 0
            guard !mounts.contains("\(mount)") else {
                image.streams.append("")
                continue
            }
            let file = try File.open("fd/\(number)", [.path], at: process, phase: .looking)
            let inode = try File.status(at: file.raw).inode
            let key = "file[\(String(mount, radix: 16)):\(String(inode, radix: 16))]"
            image.streams.append(key)
            if !external.contains(key) { external.append(key) }
        }
    }
}
