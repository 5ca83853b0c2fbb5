import CFSCgroups
import CFSLinux
import CFSModel
import CFSMonitor
import CFSNamespaces

/// One protection: what was asked for, and what the kernel says of the running container.
public struct IsolationFact: Sendable, Hashable {
    public var name: String
    public var asked: String
    public var actual: String
    /// Whether the kernel does at least what was asked.
    public var holds: Bool
}

extension Container {
    /// What the kernel says of the container's first process, set against its configuration.
    ///
    /// - Throws: `containerNotRunning`.
    public func isolation() throws(CFSError) -> [IsolationFact] {
        let record = try record()
        guard let pid = record.state.pid else {
            throw CFSError(
                .containerNotRunning, .looking,
                "the container \(record.name) is not running: the kernel knows nothing of it")
        }
        let request = try request()
        let reading = try KernelReading(pid: pid)
        return IsolationReport(spec: request.spec, hasFilter: request.seccompFilter != nil, reading: reading).facts
            + (try cgroupFacts(request.spec, request.cgroupFolder, request.cgroupMountPoint))
    }

    private func cgroupFacts(
        _ spec: RuntimeSpec, _ folder: String?, _ mountPoint: String?
    ) throws(CFSError) -> [IsolationFact] {
        guard let folder, let mountPoint else {
            return [IsolationFact(name: "cgroup", asked: "own", actual: "the host has no cgroup v2", holds: false)]
        }
        guard let resources = spec.linux.resources else { return [] }
        var facts: [IsolationFact] = []
        for setting in try CgroupSettings(resources, naming: LimitFlag.name).entries {
            // The kernel writes those of several devices in its own words.
            if setting.value.contains("=") { continue }
            let path = "\(folder)/\(id.text)/\(setting.file)"
            guard File.exists(path) else {
                let hierarchy = CgroupHierarchy(mountPoint: mountPoint, folder: folder)
                let why = try setting.controller.map { controller throws(CFSError) in
                    "no limit: \(try hierarchy.unavailable(controller).message)"
                }
                facts.append(
                    IsolationFact(
                        name: setting.file, asked: setting.value,
                        actual: why ?? "no limit: the kernel has no such file", holds: false))
                continue
            }
            let text = String(decoding: try File.readAll(at: path), as: UTF8.self)
            let actual = String(text.prefix { $0 != "\n" })
            facts.append(
                IsolationFact(
                    name: setting.file, asked: setting.value, actual: actual,
                    holds: Self.isKept(setting.value, actual)))
        }
        return facts
    }

    /// The kernel rounds bytes down to whole pages.
    private static func isKept(_ asked: String, _ actual: String) -> Bool {
        if asked == actual { return true }
        guard let wanted = UInt64(asked), let kept = UInt64(actual) else { return false }
        return kept <= wanted && wanted - kept < 65_536
    }
}

/// What `/proc` says of one process (proc_pid_status(5), proc_pid_mountinfo(5), namespaces(7)).
struct KernelReading {
    var namespaces: [String: String] = [:]
    var ownNamespaces: [String: String] = [:]
    var status: [Substring: Substring] = [:]
    /// Options by mount point; of several mounts at one place the last, which hides the others.
    var mounts: [String: (options: [String], type: String)] = [:]
    var limits: [(soft: String, hard: String, name: String)] = []
    /// Those of the process beside it, which gave it its own.
    var monitorLimits: [(soft: String, hard: String, name: String)] = []
    var uidMap = ""
    var oomScoreAdjustment = ""

    static let kinds = ["user", "mnt", "pid", "net", "ipc", "uts", "cgroup", "time"]

    init() {}

    init(pid: Int32) throws(CFSError) {
        for kind in Self.kinds {
            namespaces[kind] = try File.readLink("/proc/\(pid)/ns/\(kind)")
            ownNamespaces[kind] = try File.readLink("/proc/self/ns/\(kind)")
        }
        for line in try Self.lines("/proc/\(pid)/status") {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2 { status[parts[0]] = Self.trim(parts[1]) }
        }
        for line in try Self.lines("/proc/\(pid)/mountinfo") { add(mount: line) }
        for line in try Self.lines("/proc/\(pid)/limits").dropFirst() {
            if let limit = Self.limit(line) { limits.append(limit) }
        }
        for line in try Self.lines("/proc/\(status["PPid"] ?? "")/limits").dropFirst() {
            if let limit = Self.limit(line) { monitorLimits.append(limit) }
        }
        uidMap = try Self.lines("/proc/\(pid)/uid_map").map { $0.split(separator: " ").joined(separator: " ") }
            .joined(separator: ", ")
        oomScoreAdjustment = try Self.lines("/proc/\(pid)/oom_score_adj").first.map(String.init) ?? ""
    }

    mutating func add(mount line: Substring) {
        guard let mount = MountInfo(line: line) else { return }
        mounts[mount.mountPoint] = (mount.options, mount.type)
    }

    /// `Max open files            1024                 524288               files`
    static func limit(_ line: Substring) -> (soft: String, hard: String, name: String)? {
        var words = line.split(separator: " ")
        // Most lines end with a unit; a value is a number or "unlimited".
        if let last = words.last, last != "unlimited", UInt64(last) == nil { words.removeLast() }
        guard words.count > 2 else { return nil }
        let name = words.dropLast(2).joined(separator: " ")
        return (String(words[words.count - 2]), String(words[words.count - 1]), name)
    }

    private static func lines(_ path: String) throws(CFSError) -> [Substring] {
        let text = String(decoding: try File.readAll(at: path), as: UTF8.self)
        return text.split(separator: "\n")
    }

    private static func trim(_ text: Substring) -> Substring { text.drop { $0 == "\t" || $0 == " " } }
}
