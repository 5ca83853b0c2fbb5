import CFSCore

/// The phases of a start.
struct TimingReport {
    let id: ContainerID
    let phases: [PhaseTime]

    private var total: UInt64 { phases.reduce(0) { $0 + $1.nanoseconds } }

    var table: String {
        var table = Table(["PHASE", "TIME", "SHARE"])
        for phase in phases { table.add([phase.name, Elapsed.precise(phase.nanoseconds), share(phase.nanoseconds)]) }
        table.add(["total", Elapsed.precise(total), share(total)])
        return table.text
    }

    private func share(_ part: UInt64) -> String {
        total == 0 ? "" : "\(Int((Double(part) / Double(total) * 100).rounded()))%"
    }

    var json: JSON {
        let list = phases.map { phase -> JSON in
            ["Name": .string(phase.name), "Nanoseconds": JSON(unsigned: phase.nanoseconds)]
        }
        return ["ID": .string(id.text), "Phases": .array(list), "TotalNanoseconds": JSON(unsigned: total)]
    }
}

/// What holds for a running container, set against what was asked.
struct IsolationReport {
    let id: ContainerID
    let facts: [IsolationFact]

    func table(_ style: Style) -> String {
        var table = Table(["PROTECTION", "ASKED", "KERNEL SAYS", "HOLDS"])
        table.paint = { _, column, text in
            guard column == 3 else { return text }
            return text == "yes" ? style.green(text) : style.red(text)
        }
        for fact in facts { table.add([fact.name, fact.asked, fact.actual, fact.holds ? "yes" : "no"]) }
        return table.text
    }

    var json: JSON {
        let list = facts.map { fact -> JSON in
            [
                "Name": .string(fact.name), "Asked": .string(fact.asked), "Actual": .string(fact.actual),
                "Holds": .bool(fact.holds),
            ]
        }
        return ["ID": .string(id.text), "Facts": .array(list), "Holds": .bool(facts.allSatisfy(\.holds))]
    }
}
