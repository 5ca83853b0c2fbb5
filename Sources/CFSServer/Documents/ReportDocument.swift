import CFSCore

/// Smaller documents about one container.
enum ReportDocument {
    static func process(_ process: ContainerProcess) -> JSON {
        [
            "pid": .integer(Int64(process.pid)), "hostPid": .integer(Int64(process.hostPID)),
            "parent": .integer(Int64(process.parent)), "user": .integer(Int64(process.user)),
            "state": .string(String(process.state)), "processorTime": .number(Double(process.processorTime) / 1e6),
            "elapsed": JSON(unsigned: process.elapsed), "memory": JSON(unsigned: process.memory),
            "command": .string(process.command),
        ]
    }

    static func phase(_ phase: PhaseTime) -> JSON {
        ["phase": .string(phase.name), "nanoseconds": JSON(unsigned: phase.nanoseconds)]
    }

    static func fact(_ fact: IsolationFact) -> JSON {
        [
            "name": .string(fact.name), "asked": .string(fact.asked), "actual": .string(fact.actual),
            "holds": .bool(fact.holds),
        ]
    }

    static func change(_ change: LayerChange) -> JSON {
        ["kind": .string(change.kind.rawValue), "path": .string(change.path.string)]
    }
}
