import CFSLinux
import CFSModel
import CFSMonitor
import CFSRegistry
import Glibc
import Synchronization

extension ProcessClaim {
    private static let serials = Atomic<UInt64>(1)
    private static let ownStart = ProcessStatus(of: getpid())?.startTime ?? 0

    /// A claim of this process, unlike every other.
    static func make() -> ProcessClaim {
        ProcessClaim(
            pid: getpid(), startTime: ownStart, serial: serials.wrappingAdd(1, ordering: .relaxed).oldValue)
    }

    var isAlive: Bool { ProcessControl.isRunning(pid, startTime: startTime) }
}

extension ContainerLifecycle.Situation {
    /// Whether there is a monitor that must be told of an end.
    var hasMonitor: Bool { state.pid != nil || waitsForRestart }
}

/// A container that this process is at work on, by what the registry says.
struct ClaimedContainer {
    let row: ContainerRow
    let claim: ProcessClaim
    /// What it is wanted for. All but a start may take what is kept for what makes room.
    let verb: ContainerLifecycle.Verb
    /// What it was at, when the claim was made.
    let now: ContainerLifecycle.Situation
    var state: ContainerRecord.State { now.state }
    /// Whether there is a monitor that must be told.
    var hasMonitor: Bool { now.hasMonitor }
}

extension Engine {
    /// Takes a container for a verb, as one transaction: of two that want different things one is first.
    ///
    /// - Parameter history: the word that the history has for it; of what runs a command, the entry stays open until that
    ///   ends. Nil for what is remembered when it is done.
    /// - Returns: nil when there is nothing to do.
    /// - Throws: `containerNotFound`, and what ``ContainerLifecycle/begin(_:_:_:)`` throws.
    func claim(
        _ id: ContainerID, for verb: ContainerLifecycle.Verb, history word: String? = nil
    ) throws(CFSError) -> ClaimedContainer? {
        let claim = ProcessClaim.make()
        var claimed: ClaimedContainer?
        let entry = word.map { word in { (row: ContainerRow) in self.historyEntry(word, row, command: row.command) } }
        let found = try lend(for: verb) { () throws(CFSError) in
            try registry.change(id, history: entry) { row throws(CFSError) in
                // It may be the second time, and the container another's by now.
                claimed = nil
                let now = try situation(of: row)
                guard let phase = try ContainerLifecycle.begin(verb, row.name, now) else { return nil }
                claimed = ClaimedContainer(row: row, claim: claim, verb: verb, now: now)
                return ContainerDecision(
                    phase: phase, claim: claim,
                    startedAt: verb == .start ? SystemClock.realtime : row.decision.startedAt)
            }
        }
        guard found != nil else { throw Container(id: id, engine: self).gone }
        return claimed
    }

    private func lend<Result>(
        for verb: ContainerLifecycle.Verb, to work: () throws(CFSError) -> Result
    ) throws(CFSError) -> Result {
        try lend(if: verb != .start, to: work)
    }

    /// Gives up what is kept for what makes room only where that is wanted.
    func lend<Result>(
        if makesRoom: Bool, to work: () throws(CFSError) -> Result
    ) throws(CFSError) -> Result {
        makesRoom ? try reserve.lend(to: work) : try work()
    }

    /// Ends a claim; one that somebody else has taken over since is theirs.
    func settle(_ claimed: ClaimedContainer, _ phase: ContainerPhase) throws(CFSError) {
        try lend(for: claimed.verb) { () throws(CFSError) in
            _ = try registry.change(claimed.row.id) { row throws(CFSError) in
                guard row.decision.claim == claimed.claim else { return nil }
                return ContainerDecision(phase: phase, startedAt: row.decision.startedAt)
            }
        }
    }

    /// Ends a claim that has come to nothing: all is as it was.
    func withdraw(_ claimed: ClaimedContainer) throws(CFSError) {
        let before = claimed.row.decision
        try lend(for: claimed.verb) { () throws(CFSError) in
            _ = try registry.change(claimed.row.id) { row throws(CFSError) in
                guard row.decision.claim == claimed.claim else { return nil }
                return ContainerDecision(phase: before.phase, startedAt: before.startedAt)
            }
        }
    }

    func situation(of row: ContainerRow) throws(CFSError) -> ContainerLifecycle.Situation {
        guard let record = try record(of: row) else { throw Container(id: row.id, engine: self).gone }
        return ContainerLifecycle.Situation(
            state: record.state, phase: row.decision.phase, isClaimed: row.decision.claim?.isAlive ?? false,
            isHeld: try RunLock.isHeld(folder(row.id)), waitsForRestart: record.restartsAt != nil)
    }
}
