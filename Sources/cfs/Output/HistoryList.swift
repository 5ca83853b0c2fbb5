import CFSCore

/// The history as `cfs history` prints it.
struct HistoryList {
    private static let commandCells = 30
    private let entries: [HistoryEntry]
    private let now: UInt64
    private let isFull: Bool

    /// - Parameters:
    ///   - now: nanoseconds since 1970.
    ///   - isFull: whether nothing may be shortened.
    init(_ entries: [HistoryEntry], now: UInt64, isFull: Bool) {
        self.entries = entries
        self.now = now
        self.isFull = isFull
    }

    var table: String {
        var table = Table(["WHEN", "UID", "VERB", "CONTAINER ID", "NAME", "IMAGE", "COMMAND", "ENDED"])
        for entry in entries {
            let command = Printable.text(entry.command.joined(separator: " "))
            table.add([
                isFull ? Timestamp.text(entry.time) : Elapsed.ago(entry.time, now: now), "\(entry.uid)", entry.verb,
                isFull ? entry.container : String(entry.container.prefix(12)), entry.name, entry.image,
                isFull ? command : DisplayWidth.shortened(command, to: Self.commandCells), ended(entry),
            ])
        }
        return table.text
    }

    /// `(0) 2 hours ago`, `running`, nothing for what is over at once.
    private func ended(_ entry: HistoryEntry) -> String {
        guard let endedAt = entry.endedAt else { return "running" }
        guard let status = entry.status else { return "" }
        return "(\(status)) \(Elapsed.ago(endedAt, now: now))" + (entry.reason.map { ": \($0)" } ?? "")
    }

    var json: JSON { .array(entries.map(object)) }

    private func object(_ entry: HistoryEntry) -> JSON {
        [
            "Number": .integer(entry.number), "Time": .string(Timestamp.text(entry.time)),
            "UID": .integer(Int64(entry.uid)), "Verb": .string(entry.verb), "ID": .string(entry.container),
            "Name": .string(entry.name), "Image": .string(entry.image), "Command": JSON(entry.command),
            "EndedAt": entry.endedAt.map { .string(Timestamp.text($0)) } ?? .null,
            "ExitCode": entry.status.map { .integer(Int64($0)) } ?? .null,
            "Reason": entry.reason.map(JSON.string) ?? .null,
        ]
    }
}
