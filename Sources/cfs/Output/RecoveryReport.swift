import CFSCore

/// What `cfs system recover` did.
struct RecoveryReport {
    let recovery: Recovery

    /// The containers, one a line, then a summary.
    var text: String {
        let summary =
            "\(Self.count(recovery.containers.count, "container")) put right, \(Self.count(recovery.cgroups, "cgroup")) and "
            + "\(Self.count(recovery.folders, "folder")) removed"
            + (recovery.networkParts > 0
                ? ", \(Self.count(recovery.networkParts, "part")) of networks put right\n" : "\n")
        return recovery.containers.map { "\($0)\n" }.joined() + summary
    }

    var json: JSON {
        [
            "Containers": JSON(recovery.containers.map(\.text)), "Cgroups": .integer(Int64(recovery.cgroups)),
            "Folders": .integer(Int64(recovery.folders)), "NetworkParts": .integer(Int64(recovery.networkParts)),
        ]
    }

    static func text(_ rebuilt: RebuiltRegistry) -> String {
        "the damaged registry is kept as \(rebuilt.damagedPath); read from it: "
            + "\(count(rebuilt.containers, "container")), \(count(rebuilt.images, "image")), "
            + "\(rebuilt.history) of the history; taken up from their folders: \(count(rebuilt.takenUp, "container"))\n"
    }

    private static func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
}
