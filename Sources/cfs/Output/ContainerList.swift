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
        var table = Table(["CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "NAMES"])
        for record in records {
            table.add([
                id(record), record.image, command(record), Elapsed.ago(record.createdAt, now: now), status(record),
                Self.ports(record), record.name,
            ])
        }
        return table.text
    }

    private func command(_ record: ContainerRecord) -> String {
        let command = record.command.joined(separator: " ")
        return Printable.quoted(isFull ? command : DisplayWidth.shortened(command, to: Self.commandCells))
    }

    /// `0.0.0.0:8080->80/tcp, ...`; ports that follow one another as Docker has them, `0.0.0.0:8000-8001->9000-9001/tcp`.
    private static func ports(_ record: ContainerRecord) -> String {
        var ranges: [(first: PortMapping, count: Int)] = []
        for port in record.ports {
            let open = ranges.lastIndex {
                $0.first.hostAddress == port.hostAddress && $0.first.container.transport == port.container.transport
            }
            if let open, let first = ranges[open].first.hostPort, let next = port.hostPort,
                Int(first) + ranges[open].count == Int(next),
                Int(ranges[open].first.container.port) + ranges[open].count == Int(port.container.port)
            {
                ranges[open].count += 1
            } else {
                ranges.append((port, 1))
            }
        }
        return ranges.map { $0.first.text(count: $0.count) }.text(separator: ", ")
    }

    /// `Up 3 minutes`, `Exited (0) 2 hours ago`, `Exited (137) (monitor lost)`, `Created`.
    func status(_ record: ContainerRecord) -> String {
        switch record.state {
        case .created: return "Created"
        case .dead: return "Dead"
        case .running, .paused, .stopping:
            let since = record.startedAt ?? record.createdAt
            let up = "Up \(Elapsed.text(now > since ? now - since : 0))"
            if case .paused = record.state { return up + " (Paused)" }
            if case .stopping = record.state { return up + " (Stopping)" }
            switch record.health?.status {
            case .starting: return up + " (health: starting)"
            case let status?: return up + " (\(status.rawValue))"
            case nil: return up
            }
        case .exited(let status, let reason):
            let ago = record.finishedAt.map { " " + Elapsed.ago($0, now: now) } ?? ""
            if record.restartsAt != nil { return "Restarting (\(status))" + ago }
            // Other reasons are sentences, and stand in inspect.
            let lost = ContainerLifecycle.lostReason
            return "Exited (\(status))" + ago + (reason == lost ? " (\(lost))" : "")
        }
    }

    static let sizeHint = "`cfs system df -v` says what each container takes on the disk"

    /// The fields of templates, each a text, with Docker's names and titles.
    var templates: TemplateList {
        var list = TemplateList(titles: [
            ("ID", "CONTAINER ID"), ("Names", "NAMES"), ("Image", "IMAGE"), ("Command", "COMMAND"),
            ("CreatedAt", "CREATED AT"), ("RunningFor", "CREATED"), ("Status", "STATUS"), ("State", "STATE"),
            ("Labels", "LABELS"), ("Ports", "PORTS"),
        ])
        list.absent = [("Size", Self.sizeHint)]
        list.rows = records.map { record in
            let labels = record.labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
            let values = JSONObject([
                ("ID", .string(id(record))), ("Names", .string(record.name)), ("Image", .string(record.image)),
                ("Command", .string(command(record))), ("CreatedAt", .string(Timestamp.text(record.createdAt))),
                ("RunningFor", .string(Elapsed.ago(record.createdAt, now: now))), ("Status", .string(status(record))),
                ("State", .string(record.statusName)), ("Labels", .string(labels.text(separator: ","))),
                ("Ports", .string(Self.ports(record))),
            ])
            return TemplateList.Row(values: values, labels: record.labels)
        }
        return list
    }

    /// An array of objects; the names of the members are Docker's where Docker has the member.
    var json: JSON { .array(records.map(object)) }

    private static func object(_ port: PortMapping) -> JSON {
        [
            "HostIP": .string(port.hostAddress.map { "\($0)" } ?? ""),
            "HostPort": .integer(Int64(port.hostPort ?? 0)), "ContainerPort": .integer(Int64(port.container.port)),
            "Protocol": .string(port.container.transport.rawValue),
        ]
    }

    private func object(_ record: ContainerRecord) -> JSON {
        var object = JSONObject([
            ("ID", .string(record.id.text)), ("Names", .string(record.name)), ("Image", .string(record.image)),
            ("ImageID", .string(record.imageDigest)), ("Command", JSON(record.command)),
            ("CreatedAt", .string(Timestamp.text(record.createdAt))), ("State", .string(record.statusName)),
            ("Status", .string(status(record))), ("Labels", JSON(record.labels)),
            ("Ports", .array(record.ports.map(Self.object))),
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
