import CFSCore

/// Containers as `cfs ps` prints them.
struct ContainerList {
    private static let commandCells = 20
    private let records: [ContainerRecord]
    private let now: UInt64
    private let isFull: Bool

    /// - Parameters:
    ///   - now: nanoseconds since 1970.
    ///   - isFull: whether nothing may be shortened.
    init(_ records: [ContainerRecord], now: UInt64, isFull: Bool) {
        self.records = records
        self.now = now
        self.isFull = isFull
    }

    private func id(_ record: ContainerRecord) -> String { isFull ? record.id.text : record.id.short }

    /// One id a line.
    var ids: String { records.map { id($0) + "\n" }.joined() }

    var table: String {
        var table = Table(["CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "NAMES"])
        for record in records {
            let command = record.command.joined(separator: " ")
            let shown = isFull ? command : DisplayWidth.shortened(Printable.text(command), to: Self.commandCells)
            table.add([
                id(record), record.image, "\"\(shown)\"", Elapsed.ago(record.createdAt, now: now), status(record),
                record.name,
            ])
        }
        return table.text
    }

    /// `Up 3 minutes`, `Exited (0) 2 hours ago`, `Created`.
    func status(_ record: ContainerRecord) -> String {
        switch record.state {
        case .created: return "Created"
        case .dead: return "Dead"
        case .running, .paused, .stopping:
            let since = record.startedAt ?? record.createdAt
            let up = "Up \(Elapsed.text(now > since ? now - since : 0))"
            if case .paused = record.state { return up + " (Paused)" }
            return if case .stopping = record.state { up + " (Stopping)" } else { up }
        case .exited(let status, _):
            return "Exited (\(status))" + (record.finishedAt.map { " " + Elapsed.ago($0, now: now) } ?? "")
        }
    }

    /// An array of objects; the names of the members are Docker's where Docker has the member.
    var json: JSON { .array(records.map(object)) }

    private func object(_ record: ContainerRecord) -> JSON {
        var object = JSONObject([
            ("ID", .string(record.id.text)), ("Names", .string(record.name)), ("Image", .string(record.image)),
            ("ImageID", .string(record.imageDigest)), ("Command", JSON(record.command)),
            ("CreatedAt", .string(Timestamp.text(record.createdAt))), ("State", .string(record.state.name)),
            ("Status", .string(status(record))), ("Labels", JSON(record.labels)),
        ])
        object["StartedAt"] = record.startedAt.map { .string(Timestamp.text($0)) }
        object["FinishedAt"] = record.finishedAt.map { .string(Timestamp.text($0)) }
        switch record.state {
        case .created, .dead: break
        case .running(let pid), .paused(let pid), .stopping(let pid): object["Pid"] = .integer(Int64(pid))
        case .exited(let status, let reason):
            object["ExitCode"] = .integer(Int64(status))
            object["Reason"] = reason.map(JSON.string)
        }
        return .object(object)
    }
}
