import CFSCore

/// What `cfs system recover` did.
struct RecoveryReport {
    let recovery: Recovery

    /// The containers, one a line, then a summary.
    var text: String {
        let summary =
            "\(count(recovery.containers.count, "container")) put right, \(count(recovery.cgroups, "cgroup")) and "
            + "\(count(recovery.folders, "folder")) removed\n"
        return recovery.containers.map { "\($0)\n" }.joined() + summary
    }

    var json: JSON {
        [
            "Containers": JSON(recovery.containers.map(\.text)), "Cgroups": .integer(Int64(recovery.cgroups)),
            "Folders": .integer(Int64(recovery.folders)),
        ]
    }

    private func count(_ number: Int, _ noun: String) -> String { "\(number) \(noun)\(number == 1 ? "" : "s")" }
}
