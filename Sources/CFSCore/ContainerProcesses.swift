import CFSCgroups
import CFSLinux
import CFSModel
import Glibc

/// One process of a container (proc_pid_stat(5), proc_pid_status(5)).
public struct ContainerProcess: Sendable, Hashable {
    /// As the container numbers it, and as the host does.
    public var pid: Int32
    public var hostPID: Int32
    /// The parent, as the container numbers it; 0 when it lies outside.
    public var parent: Int32
    /// The effective user, as the container numbers it.
    public var user: UInt32
    /// `R` running, `S` sleeping, `D` waiting in the kernel, `T` stopped, `Z` ended and not waited for, ...
    public var state: Character
    /// Processor time, in microseconds.
    public var processorTime: UInt64
    /// Since its start, in seconds.
    public var elapsed: UInt64
    /// Bytes in memory.
    public var memory: UInt64
    /// The command line, or the kernel's name in brackets for one that has none.
    public var command: String
}

extension Container {
    /// All processes in the container, by their numbers inside.
    ///
    /// - Throws: `containerNotRunning`.
    public func processes() throws(CFSError) -> [ContainerProcess] {
        let (record, cgroup) = try runningCgroup()
        var found: [(process: ContainerProcess, parent: Int32)] = []
        let uptime = try Self.uptime()
        for pid in try cgroup.processesBelow() {
            // It may have ended meanwhile.
            guard let entry = Self.read(pid, idBase: record.idBase, uptime: uptime) else { continue }
            found.append(entry)
        }
        let numbers = Dictionary(found.map { ($0.process.hostPID, $0.process.pid) }) { first, _ in first }
        return found.map { entry in
            var process = entry.process
            process.parent = numbers[entry.parent] ?? 0
            return process
        }.sorted { $0.pid < $1.pid }
    }

    private static func uptime() throws(CFSError) -> Double {
        let text = String(decoding: try File.readAll(at: "/proc/uptime"), as: UTF8.self)
        return text.split(separator: " ").first.flatMap { Double($0) } ?? 0
    }

    private static func read(
        _ pid: Int32, idBase: UInt32?, uptime: Double
    ) -> (process: ContainerProcess, parent: Int32)? {
        guard let stat = text("/proc/\(pid)/stat"), let status = text("/proc/\(pid)/status"),
            let close = stat.lastIndex(of: ")"), let open = stat.firstIndex(of: "(")
        else { return nil }
        // From the state on, field 3.
        let fields = stat[stat.index(after: close)...].split(separator: " ")
        guard fields.count > 21, let state = fields[0].first, let parent = Int32(fields[1]),
            let user = UInt64(fields[11]), let system = UInt64(fields[12]), let start = UInt64(fields[19]),
            let pages = UInt64(fields[21])
        else { return nil }
        func last(_ key: String, _ field: Int? = nil) -> Substring? {
            let line = status.split(separator: "\n").first { $0.hasPrefix(key) }
            let words = line?.dropFirst(key.count).split(whereSeparator: { $0 == "\t" || $0 == " " })
            return field.flatMap { index in words.flatMap { $0.count > index ? $0[index] : nil } } ?? words?.last
        }
        let ticks = UInt64(max(1, sysconf(Int32(_SC_CLK_TCK))))
        let uid = last("Uid:", 1).flatMap { UInt32($0) } ?? 0
        let base = idBase ?? 0
        let words = (text("/proc/\(pid)/cmdline") ?? "").split(separator: "\0")
        let name = stat[stat.index(after: open)..<close]
        let process = ContainerProcess(
            pid: last("NSpid:").flatMap { Int32($0) } ?? pid, hostPID: pid, parent: 0,
            user: uid >= base ? uid - base : uid, state: state, processorTime: (user + system) * 1_000_000 / ticks,
            elapsed: UInt64(max(0, uptime - Double(start) / Double(ticks))),
            memory: pages * UInt64(max(1, sysconf(Int32(_SC_PAGESIZE)))),
            command: words.isEmpty ? "[\(name)]" : words.map { String($0) }.text(separator: " "))
        return (process, parent)
    }

    private static func text(_ path: String) -> String? {
        do throws(CFSError) {
            return String(decoding: try File.readAll(at: path), as: UTF8.self)
        } catch {
            return nil
        }
    }
}
