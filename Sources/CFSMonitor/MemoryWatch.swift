import CFSCgroups
import CFSLinux
import CFSModel
import Glibc

/// Notices what the kernel kills in a container for want of memory, and who it was: the counters are the cgroup's, the
/// names stand in the kernel's log only (`/dev/kmsg`, Documentation/ABI/testing/dev-kmsg).
final class MemoryWatch {
    private let cgroup: Cgroup
    private let container: MonitorRequest
    private let folder: ContainerFolder
    private let initPID: Int32
    private var watch: CgroupWatch
    /// Nil where the kernel's log cannot be read: then nobody has a name.
    private let log: SharedFD?
    private var victims: [OutOfMemory.Victim] = []
    /// Numbers inside, by the host's, from the last time that the limit was near: a killed process may have lost its own
    /// by the time its death is told.
    private var numbers: [(outside: Int32, inside: Int32)] = []
    private var askedAt: UInt64 = 0
    private static let mostVictims = 1000
    /// Of which kills there have been events.
    private(set) var told: UInt64 = 0
    private var toldVictims = 0
    private var toldAt: UInt64?
    private var kills: UInt64 = 0

    /// Begins to watch; nil where the cgroup has no memory controller.
    static func begin(
        _ cgroup: Cgroup, _ container: MonitorRequest, _ folder: ContainerFolder, initPID: Int32
    ) -> MemoryWatch? {
        do throws(CFSError) {
            // Looked for first: finding out why there is none takes as long as a twentieth of a start.
            guard cgroup.watches(.memory) else { return nil }
            return MemoryWatch(try CgroupWatch(.memory, of: cgroup), cgroup, container, folder, initPID)
        } catch {
            return nil
        }
    }

    private init(
        _ watch: consuming CgroupWatch, _ cgroup: Cgroup, _ container: MonitorRequest, _ folder: ContainerFolder,
        _ initPID: Int32
    ) {
        self.watch = watch
        self.cgroup = cgroup
        self.container = container
        self.folder = folder
        self.initPID = initPID
        let opened = File.tryOpen("/dev/kmsg", [.read, .nonBlocking])
        log = opened >= 0 ? SharedFD(OwnedFD(opened)) : nil
        if let log { _ = lseek(log.raw, 0, SEEK_END) }
    }

    /// Ready for EPOLLPRI when there is news.
    var descriptor: Int32 { watch.descriptor }

    /// Takes the news. The sooner, the better: a process that was killed is asked for its number inside while it dies.
    func look() throws(CFSError) {
        guard case .memory(let now, let before)? = try watch.change() else { return }
        if now.oomKill > before.oomKill {
            readLog()
            kills += now.oomKill - before.oomKill
            tell()
        } else if now.max > before.max {
            try noteNumbers()
        }
    }

    /// At once: a container may live on when one of its processes was killed. One that makes its processes be killed all the time
    /// must not fill the journal: then every ten seconds.
    private func tell() {
        let now = SystemClock.monotonic
        if let toldAt, now - toldAt < 10_000_000_000 { return }
        toldAt = now
        var attributes = [EngineEvent.Attribute("kills", "\(kills - told)")]
        told = kills
        let names = victims.dropFirst(toldVictims).prefix(4).map(\.text)
        if !names.isEmpty { attributes.append(EngineEvent.Attribute("killed", names.text(separator: ", "))) }
        toldVictims = victims.count
        container.note("oom", attributes, in: folder)
    }

    /// A container can live at its limit for long, and have many processes: seldom, and not all of them.
    private func noteNumbers() throws(CFSError) {
        let now = SystemClock.monotonic
        guard now - askedAt > 100_000_000 else { return }
        askedAt = now
        numbers = []
        for pid in try cgroup.processes().prefix(256) {
            if let inside = Self.numberInside(pid) { numbers.append((pid, inside)) }
        }
    }

    private func readLog() {
        guard let log else { return }
        var buffer = [UInt8](repeating: 0, count: 8192)
        while true {
            let count = buffer.withUnsafeMutableBytes { File.read(log.raw, into: $0) }
            // Lines that were overwritten before they were read: what is left follows.
            if count == -Int(EPIPE) { continue }
            guard count > 0 else { return }
            guard let entry = KilledProcess(String(decoding: buffer[..<count], as: UTF8.self)) else { continue }
            guard entry.cgroup.pathNames.contains(container.id.text) else { continue }
            let pid = number(entry.pid)
            // A sentence names four.
            if victims.count < Self.mostVictims || pid == 1 {
                victims.append(OutOfMemory.Victim(name: entry.name, pid: pid))
            }
        }
    }

    private func number(_ pid: Int32) -> Int32? {
        if pid == initPID { return 1 }
        return Self.numberInside(pid) ?? numbers.first { $0.outside == pid }?.inside
    }

    /// The second field of `NSpid`, or the only one where the container has the host's numbers, in proc_pid_status(5); nil for a process that has none any more.
    private static func numberInside(_ pid: Int32) -> Int32? {
        do throws(CFSError) {
            let text = String(decoding: try File.readAll(at: "/proc/\(pid)/status"), as: UTF8.self)
            let line = text.split(separator: "\n").first { $0.hasPrefix("NSpid:") }
            let numbers = line?.split(whereSeparator: { $0 == "\t" || $0 == " " }).dropFirst().compactMap { Int32($0) }
            return numbers.flatMap { $0.count > 1 ? $0[1] : $0.first }.flatMap { $0 > 0 ? $0 : nil }
        } catch {
            // It has been waited for already.
            return nil
        }
    }

    /// All that was killed until now; nil when nothing was.
    func result() throws(CFSError) -> OutOfMemory? {
        try look()
        return try OutOfMemory.counted(in: cgroup, victims: victims)
    }
}

extension OutOfMemory {
    /// What the cgroup has counted; nil when nothing was killed.
    static func counted(in cgroup: Cgroup, victims: [Victim] = []) throws(CFSError) -> OutOfMemory? {
        guard let events = try cgroup.memoryEvents(), events.oomKill > 0 else { return nil }
        let max = String(decoding: try File.readAll(at: "memory.max", below: cgroup.descriptor), as: UTF8.self)
        return OutOfMemory(
            limit: events.oom > 0 ? UInt64(max.prefix { $0 != "\n" }) : nil, times: events.oom, kills: events.oomKill,
            victims: victims)
    }
}

/// A line of the kernel's log that names a process which it kills (mm/oom_kill.c, `dump_oom_victim`):
/// `oom-kill:constraint=CONSTRAINT_MEMCG,...,task_memcg=/cfs/ID,task=stress,pid=123,uid=0`.
struct KilledProcess: Equatable {
    let cgroup: String
    let name: String
    let pid: Int32

    init?(_ record: String) {
        guard let message = record.split(separator: ";", maxSplits: 1).last, message.hasPrefix("oom-kill:"),
            let memcg = message.firstRange(of: ",task_memcg="), let task = message.firstRange(of: ",task="),
            memcg.upperBound <= task.lowerBound,
            // A name may hold anything, this too: its last occurrence is the kernel's own.
            let pid = message.ranges(of: ",pid=").last, task.upperBound <= pid.lowerBound,
            let number = Int32(message[pid.upperBound...].prefix { $0.isASCII && $0.isNumber })
        else { return nil }
        cgroup = String(message[memcg.upperBound..<task.lowerBound])
        name = String(message[task.upperBound..<pid.lowerBound])
        self.pid = number
    }
}
