import CFSModel

/// How a container ended, as its monitor saw it: the file `exit.json` in the container's folder.
public struct ExitRecord: Sendable, Equatable {
    /// By the shell's convention.
    public var status: Int32
    /// The signal that ended it, if one did.
    public var signal: Int32?
    /// Why the engine ended it where it did.
    public var reason: String?
    /// What the kernel killed in it for want of memory; nil when it has not.
    public var outOfMemory: OutOfMemory?
    /// What its owner should know, though it has nothing to do with the status: one sentence each, without its end.
    public var warnings: [String] = []
    /// Whether somebody stopped it, so that no policy starts it again.
    public var isStopped = false
    /// When its policy starts it again, in nanoseconds since 1970, as long as its monitor is there; nil for never.
    public var restartsAt: UInt64?
    /// How often its policy has started it again.
    public var restarts = 0
    /// Nanoseconds since 1970.
    public var startedAt: UInt64
    public var finishedAt: UInt64
    public var timing: [PhaseTime]

    public init(
        status: Int32, signal: Int32?, reason: String?, outOfMemory: OutOfMemory? = nil, startedAt: UInt64,
        finishedAt: UInt64, timing: [PhaseTime]
    ) {
        self.status = status
        self.signal = signal
        self.reason = reason
        self.outOfMemory = outOfMemory
        self.startedAt = startedAt
        self.finishedAt = finishedAt
        self.timing = timing
    }

    /// What a file that is damaged tells: that it has ended. Which run that was is not known, so it was the last.
    static var damaged: ExitRecord {
        ExitRecord(
            status: 255, signal: nil, reason: "its exit record is damaged", startedAt: .max, finishedAt: 0, timing: [])
    }

    /// Whether it was read from a file that is damaged.
    public var isDamaged: Bool { self == .damaged }

    public init?(json: JSON) {
        guard let status = json["status"]?.integer, let started = json["startedAt"]?.unsigned,
            let finished = json["finishedAt"]?.unsigned
        else { return nil }
        self.init(
            status: Int32(clamping: status), signal: json["signal"]?.integer.map { Int32(clamping: $0) },
            reason: json["reason"]?.string,
            outOfMemory: json["outOfMemory"].flatMap { OutOfMemory(json: $0) }, startedAt: started,
            finishedAt: finished,
            timing: (json["timing"]?.array ?? []).compactMap { PhaseTime(json: $0) })
        warnings = json["warnings"]?.strings ?? []
        isStopped = json["stopped"]?.bool ?? false
        restartsAt = json["restartsAt"]?.unsigned
        restarts = Int(clamping: json["restarts"]?.integer ?? 0)
    }

    public var json: JSON {
        [
            "status": .integer(Int64(status)), "signal": signal.map { .integer(Int64($0)) } ?? .null,
            "reason": reason.map(JSON.string) ?? .null, "outOfMemory": outOfMemory?.json ?? .null,
            "warnings": JSON(warnings), "startedAt": JSON(unsigned: startedAt),
            "finishedAt": JSON(unsigned: finishedAt), "timing": .array(timing.map(\.json)),
            "stopped": .bool(isStopped), "restartsAt": restartsAt.map { JSON(unsigned: $0) } ?? .null,
            "restarts": .integer(Int64(restarts)),
        ]
    }
}

/// A running container, as its monitor wrote it down: the file `state` in the run folder.
public struct LiveState: Sendable, Equatable {
    /// The first process, as the host sees it, with its start time in clock ticks: together an identity.
    public var pid: Int32
    public var startTime: UInt64
    /// Nanoseconds since 1970.
    public var startedAt: UInt64
    /// The folder of its cgroup; nil without cgroup v2.
    public var cgroup: String?
    public var timing: [PhaseTime]
    /// How often its policy has started it again.
    public var restarts = 0
    /// The ``MonitorProtocol`` of the monitor that wrote it.
    public var monitorVersion = 1
    /// Nil without a health check.
    public var health: Health?
    /// The ports of the host that lead to it, one for each address, with those that were chosen for it.
    public var ports: [PortMapping] = []

    public init(pid: Int32, startTime: UInt64, startedAt: UInt64, cgroup: String? = nil, timing: [PhaseTime]) {
        self.pid = pid
        self.startTime = startTime
        self.startedAt = startedAt
        self.cgroup = cgroup
        self.timing = timing
    }

    public init?(json: JSON) {
        guard let pid = json["pid"]?.integer, let startTime = json["startTime"]?.unsigned,
            let startedAt = json["startedAt"]?.unsigned
        else { return nil }
        self.init(
            pid: Int32(clamping: pid), startTime: startTime, startedAt: startedAt, cgroup: json["cgroup"]?.string,
            timing: (json["timing"]?.array ?? []).compactMap { PhaseTime(json: $0) })
        restarts = Int(clamping: json["restarts"]?.integer ?? 0)
        monitorVersion = Int(clamping: json["version"]?.integer ?? 1)
        health = json["health"].flatMap { Health(json: $0) }
        ports = (json["ports"]?.array ?? []).compactMap { PortMapping(json: $0) }
    }

    public var json: JSON {
        [
            "pid": .integer(Int64(pid)), "startTime": JSON(unsigned: startTime), "startedAt": JSON(unsigned: startedAt),
            "cgroup": cgroup.map(JSON.string) ?? .null, "timing": .array(timing.map(\.json)),
            "restarts": .integer(Int64(restarts)), "version": .integer(Int64(monitorVersion)),
            "health": health?.json ?? .null, "ports": .array(ports.map(\.json)),
        ]
    }
}

/// How long one phase of a start took.
public struct PhaseTime: Sendable, Hashable {
    public var name: String
    public var nanoseconds: UInt64

    public init(name: String, nanoseconds: UInt64) {
        self.name = name
        self.nanoseconds = nanoseconds
    }

    init?(json: JSON) {
        guard let name = json["phase"]?.string, let nanoseconds = json["nanoseconds"]?.unsigned else { return nil }
        self.init(name: name, nanoseconds: nanoseconds)
    }

    var json: JSON { ["phase": .string(name), "nanoseconds": JSON(unsigned: nanoseconds)] }
}
