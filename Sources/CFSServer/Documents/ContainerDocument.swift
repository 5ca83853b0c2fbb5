import CFSCore
import CFSOptions

/// What is told of containers and their runs.
enum ContainerDocument {
    /// The three words of old.
    private static func state(_ record: ContainerRecord, isStopped: Bool) -> String {
        switch record.state {
        case .running, .paused, .stopping: "Running"
        case .created, .dead: "Stopped"
        case .exited(let status, _): word(status: status, isStopped: isStopped)
        }
    }

    static func word(status: Int32, isStopped: Bool) -> String {
        status == 0 || isStopped ? "Stopped" : "Stopped: ERROR"
    }

    /// One container.
    static func json(_ record: ContainerRecord, _ engine: Engine) throws(CFSError) -> JSONObject {
        json(record, isStopped: try engine.stopped(among: [record]).contains(record.id))
    }

    /// - Parameter isStopped: whether somebody wanted its end.
    static func json(_ record: ContainerRecord, isStopped: Bool) -> JSONObject {
        var object = JSONObject([
            ("id", .string(record.id.text)), ("name", .string(record.name)),
            ("state", .string(state(record, isStopped: isStopped))),
            ("status", .string(record.statusName)), ("image", .string(record.image)),
            ("imageDigest", .string(record.imageDigest)), ("command", .string(ShellWords.join(record.command))),
            ("arguments", JSON(record.command)), ("labels", JSON(record.labels)),
            ("createdAt", .string(Timestamp.text(record.createdAt))),
        ])
        object["startedAt"] = record.startedAt.map { .string(Timestamp.text($0)) }
        object["finishedAt"] = record.finishedAt.map { .string(Timestamp.text($0)) }
        object["pid"] = record.state.pid.map { .integer(Int64($0)) }
        if case .exited(let status, let reason) = record.state {
            object["exitCode"] = .integer(Int64(status))
            object["reason"] = reason.map(JSON.string)
        }
        object["restarts"] = .integer(Int64(record.restarts))
        object["health"] = record.health.map { .string($0.status.rawValue) }
        object["autoRemove"] = .bool(record.autoRemove)
        return object
    }

    /// The runs among what was done, oldest first.
    static func runs(_ entries: [HistoryEntry]) -> [JSON] {
        // Whether somebody stopped a run stands behind it: a stop or a kill before the next run of the same container.
        var stopped: Set<Int64> = []
        var last: [String: Int64] = [:]
        for entry in entries {
            switch entry.verb {
            case "run", "start", "restart": last[entry.container] = entry.number
            case "stop", "kill": if let number = last[entry.container] { stopped.insert(number) }
            default: continue
            }
        }
        return entries.filter(\.isRun).map { entry in
            run(entry, isStopped: stopped.contains(entry.number))
        }
    }

    private static func run(_ entry: HistoryEntry, isStopped: Bool) -> JSON {
        let state = entry.endedAt == nil ? "Running" : word(status: entry.status ?? 0, isStopped: isStopped)
        var object = JSONObject([
            ("id", .string(entry.container)), ("state", .string(state)), ("image", .string(entry.image)),
            ("command", .string(ShellWords.join(entry.command))), ("number", .integer(entry.number)),
            ("name", .string(entry.name)), ("arguments", JSON(entry.command)), ("verb", .string(entry.verb)),
            ("uid", .integer(Int64(entry.uid))), ("startedAt", .string(Timestamp.text(entry.time))),
        ])
        object["finishedAt"] = entry.endedAt.map { .string(Timestamp.text($0)) }
        object["exitCode"] = entry.status.map { .integer(Int64($0)) }
        object["reason"] = entry.reason.map(JSON.string)
        return .object(object)
    }
}
