import CFSLinux
import CFSModel
import CFSNamespaces
import Glibc

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
        try addMounts(Self.table(text), process.raw, spec)
        image.describe(spec)
        if !spec.process.terminal { try addStreams(text, process.raw) }
        let told = processes.compactMap { pid in Self.forbidsNewPrivileges(pid).map { (pid, $0) } }
        image.forbidsNewPrivileges = !told.isEmpty && told.allSatisfy(\.1)
        losing = image.forbidsNewPrivileges ? [] : told.filter(\.1).map(\.0)
    }

    /// Nil of one that has ended.
    private static func forbidsNewPrivileges(_ pid: Int32) -> Bool? {
        let opened = File.tryOpen("/proc/\(pid)/status", .read)
        guard opened >= 0 else { return nil }
        let file = OwnedFD(opened)
        let bytes: [UInt8]
        do throws(CFSError) { bytes = try File.readAll(file.raw) } catch { return nil }
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").contains("NoNewPrivs:\t1")
    }

    /// A mount, and which part of which file system it shows.
    private typealias Shown = (point: String, part: String)

    private static func table(_ text: String) -> [Shown] {
        text.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ")
            guard let mount = MountInfo(line: line), fields.count > 4 else { return nil }
            return (mount.mountPoint, "\(fields[2]) \(fields[3])")
        }
    }

    private mutating func addMounts(_ mounts: [Shown], _ process: Int32, _ spec: RuntimeSpec) throws(CFSError) {
        let root = try File.open("root", [.path, .directory], at: process, phase: .looking)
        let host = Self.table(String(decoding: try File.readAll(at: "/proc/self/mountinfo"), as: UTF8.self))
        var places: [(point: [String], mount: RuntimeSpec.Mount)] = []
        for mount in spec.mounts where CheckpointImage.isExternal(mount) || CheckpointImage.isOfDevices(mount, spec) {
            let opened = File.tryOpen(mount.destination, below: root.raw, .path, resolve: .inRoot)
            guard opened >= 0 else { continue }
            let place = OwnedFD(opened)
            places.append((try File.readLink("/proc/self/fd/\(place.raw)").pathNames, mount))
        }
        for shown in mounts {
            let point = shown.point.pathNames
            let around = places.filter { point.starts(with: $0.point) }.max { $0.point.count < $1.point.count }
            guard let (place, mount) = around else { continue }
            let rest = point.dropFirst(place.count)
            if !rest.isEmpty {
                // Mounted with what it lies on, or by the container itself: then it is CRIU's.
                let source = ([mount.source] + rest).text(separator: "/").pathNames
                guard mount.options.contains("rbind"),
                    host.contains(where: { $0.part == shown.part && $0.point.pathNames == source })
                else { continue }
            }
            let name = ([""] + mount.destination.pathNames + rest).text(separator: "/")
            guard !image.mounts.contains(name) else {
                throw CFSError(
                    .invalidState, .preparing, "cannot checkpoint: two mounts lie at \(shown.point)", path: shown.point)
            }
            image.mounts.append(name)
            external.append("mnt[\(shown.point)]:\(name)")
        }
    }

    /// Pipes and sockets go by their number; a file of the host by its mount and its number there.
    private mutating func addStreams(_ mountInfo: String, _ process: Int32) throws(CFSError) {
        let mounts = Set(
            mountInfo.split(separator: "\n").compactMap { $0.split(separator: " ").first.map(String.init) })
        image.kinds = ["", "", ""]
        for number in 0...2 {
            guard File.exists("fd/\(number)", at: process) else {
                image.streams.append("")
                continue
            }
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
            image.kinds[number] = try CheckpointImage.kind(file.raw)
            image.streams.append(key)
            if !external.contains(key) { external.append(key) }
        }
    }
}
