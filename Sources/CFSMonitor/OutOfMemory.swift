import CFSLinux
import CFSModel
import Glibc

/// What the kernel killed in a container because there was no memory left for it.
public struct OutOfMemory: Sendable, Hashable {
    /// A process that was killed.
    public struct Victim: Sendable, Hashable {
        /// The kernel's name of the thread: at most 15 bytes of the program's.
        public var name: String
        /// As the container numbers it; nil when it was gone before anybody could ask.
        public var pid: Int32?

        public init(name: String, pid: Int32?) {
            self.name = name
            self.pid = pid
        }

        var text: String { name + (pid.map { " (pid \($0))" } ?? "") }
    }

    /// Bytes; nil when it was not the container's own limit that was reached, but the host's memory or a limit above.
    public var limit: UInt64?
    /// How often nothing could be reclaimed at the limit.
    public var times: UInt64
    /// Processes that were killed.
    public var kills: UInt64
    /// Those of them that the kernel's log names.
    public var victims: [Victim]

    public init(limit: UInt64?, times: UInt64, kills: UInt64, victims: [Victim]) {
        self.limit = limit
        self.times = times
        self.kills = kills
        self.victims = victims
    }

    /// Whether a container ended so for want of memory. Somebody else has sent the signal where all victims are known and its first
    /// process is none of them; and what was asked to end has ended for that.
    func explains(_ end: ProcessEnd, isStopped: Bool) -> Bool {
        switch end {
        case .exited(let status): status != 0 && !isStopped
        case .signalled(let signal, _):
            signal == SIGKILL
                && (victims.contains { $0.pid == 1 }
                    || !isStopped && (UInt64(victims.count) < kills || victims.contains { $0.pid == nil }))
        }
    }

    /// One sentence for people, without its end.
    public var text: String {
        var text = "out of memory: "
        if let limit {
            let times = max(times, 1)
            text += "the limit of \(Self.size(limit)) was reached \(times) time\(times == 1 ? "" : "s")"
        } else {
            text += "the host, or a limit above the container's, had none left"
        }
        let names = victims.prefix(4).map(\.text)
        let unnamed = kills - min(kills, UInt64(names.count))
        if names.isEmpty { return text + "; killed: \(kills) process\(kills == 1 ? "" : "es")" }
        text += "; killed: " + names.text(separator: ", ")
        return unnamed == 0 ? text : text + " and \(unnamed) more"
    }

    /// `64 MiB`, exact; what is no whole number of a unit goes down to the next.
    private static func size(_ bytes: UInt64) -> String {
        for (shift, unit) in [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")] as [(UInt64, String)]
        where bytes >= 1 << shift && bytes % (1 << shift) == 0 {
            return "\(bytes >> shift) \(unit)"
        }
        return "\(bytes) bytes"
    }

    init?(json: JSON) {
        guard let times = json["times"]?.unsigned, let kills = json["kills"]?.unsigned else { return nil }
        var victims: [Victim] = []
        for entry in json["victims"]?.array ?? [] {
            guard let name = entry["name"]?.string else { continue }
            victims.append(Victim(name: name, pid: entry["pid"]?.integer.map { Int32(clamping: $0) }))
        }
        self.init(limit: json["limit"]?.unsigned, times: times, kills: kills, victims: victims)
    }

    public var json: JSON {
        [
            "limit": limit.map { JSON(unsigned: $0) } ?? .null, "times": JSON(unsigned: times),
            "kills": JSON(unsigned: kills),
            "victims": .array(
                victims.map { ["name": .string($0.name), "pid": $0.pid.map { .integer(Int64($0)) } ?? .null] }),
        ]
    }
}
