import CFSModel
import Testing

@Suite("The life of a container")
struct ContainerLifecycleTests {
    typealias State = ContainerRecord.State
    typealias Verb = ContainerLifecycle.Verb

    static let states: [State] = [
        .created, .running(pid: 7), .paused(pid: 7), .stopping(pid: 7), .exited(status: 3, reason: nil), .dead,
    ]

    private func begin(
        _ verb: Verb, _ state: State, _ phase: ContainerPhase, claimed: Bool = false, held: Bool = false
    ) -> Result<ContainerPhase?, CFSError> {
        do throws(CFSError) {
            return .success(
                try ContainerLifecycle.begin(
                    verb, "web",
                    ContainerLifecycle.Situation(state: state, phase: phase, isClaimed: claimed, isHeld: held)))
        } catch {
            return .failure(error)
        }
    }

    private func code(_ result: Result<ContainerPhase?, CFSError>) -> CFSError.Code? {
        if case .failure(let error) = result { error.code } else { nil }
    }

    @Test("what never ran and what has ended can be started; what runs cannot, and says so")
    func start() {
        #expect(begin(.start, .created, .created) == .success(.starting))
        #expect(begin(.start, .exited(status: 0, reason: nil), .running) == .success(.starting))
        #expect(code(begin(.start, .running(pid: 7), .running)) == .containerRunning)
        #expect(code(begin(.start, .paused(pid: 7), .running)) == .containerRunning)
        #expect(code(begin(.start, .stopping(pid: 7), .stopping)) == .conflict)
        #expect(code(begin(.start, .dead, .removing)) == .conflict)
    }

    @Test("of two that start it one is first; a start that broke off keeps nobody away")
    func startingTwice() {
        #expect(code(begin(.start, .created, .starting, held: true)) == .conflict)
        #expect(code(begin(.start, .created, .starting, claimed: true)) == .conflict)
        #expect(begin(.start, .created, .starting) == .success(.starting))
    }

    @Test(
        "what runs can be stopped, by one at a time; what has ended needs no stop; what never ran has nothing to stop")
    func stop() {
        #expect(begin(.stop, .running(pid: 7), .running) == .success(.stopping))
        #expect(begin(.stop, .paused(pid: 7), .running) == .success(.stopping))
        #expect(code(begin(.stop, .stopping(pid: 7), .stopping, claimed: true)) == .conflict)
        #expect(begin(.stop, .running(pid: 7), .stopping) == .success(.stopping))
        #expect(begin(.stop, .exited(status: 1, reason: nil), .running) == .success(nil))
        #expect(code(begin(.stop, .created, .created)) == .containerNotRunning)
    }

    @Test("only force removes what runs, and nothing removes what is about to run")
    func remove() {
        #expect(begin(.remove, .created, .created) == .success(.removing))
        #expect(begin(.remove, .exited(status: 1, reason: nil), .exited) == .success(.removing))
        #expect(begin(.remove, .dead, .removing) == .success(.removing))
        #expect(code(begin(.remove, .dead, .removing, claimed: true)) == .conflict)
        #expect(code(begin(.remove, .running(pid: 7), .running)) == .containerRunning)
        #expect(begin(.forceRemove, .running(pid: 7), .running) == .success(.removing))
        #expect(begin(.forceRemove, .stopping(pid: 7), .stopping, claimed: true) == .success(.removing))
        #expect(code(begin(.forceRemove, .running(pid: 7), .removing, claimed: true)) == .conflict)
        for verb in [Verb.remove, .forceRemove] {
            #expect(code(begin(verb, .created, .starting, held: true)) == .conflict)
        }
    }

    @Test("an error names the container and what somebody else does with it")
    func words() {
        guard case .failure(let error) = begin(.stop, .stopping(pid: 7), .stopping, claimed: true) else {
            Issue.record("no error")
            return
        }
        #expect(error.message == "the container web is being stopped by somebody else")
    }

    // MARK: What is seen

    private func seen(
        live: (startedAt: UInt64, isThere: Bool)? = nil, end: (startedAt: UInt64, status: Int32)? = nil,
        frozen: Bool = false, held: Bool = false
    ) -> ContainerLifecycle.Evidence {
        ContainerLifecycle.Evidence(
            live: live.map {
                ContainerLifecycle.Evidence.Live(
                    pid: 7, startedAt: $0.startedAt, isThere: $0.isThere, isFrozen: frozen)
            },
            end: end.map { ContainerLifecycle.Evidence.End(status: $0.status, reason: nil, startedAt: $0.startedAt) },
            isHeld: held)
    }

    private func state(
        _ phase: ContainerPhase, _ seen: ContainerLifecycle.Evidence, claimed: Bool = false, startedAt: UInt64? = nil
    ) -> State { ContainerLifecycle.state(phase, isClaimed: claimed, startedAt: startedAt, seen) }

    static let lost = State.exited(status: 137, reason: "monitor lost")

    @Test("a process that is there runs, whatever was decided; stopping is what somebody is at")
    func running() {
        let there = seen(live: (10, true), held: true)
        for phase in [ContainerPhase.created, .starting, .running, .exited] {
            #expect(state(phase, there) == .running(pid: 7))
        }
        #expect(state(.stopping, there, claimed: true) == .stopping(pid: 7))
        #expect(state(.stopping, there) == .running(pid: 7))
        #expect(state(.running, seen(live: (10, true), frozen: true, held: true)) == .paused(pid: 7))
    }

    @Test("a process that has ended runs until its monitor has written that down; without a monitor it is lost")
    func ending() {
        #expect(state(.running, seen(live: (10, false), held: true)) == .running(pid: 7))
        #expect(state(.running, seen(live: (10, false))) == Self.lost)
        #expect(state(.running, seen(live: (10, false), end: (10, 4))) == .exited(status: 4, reason: nil))
    }

    @Test("the end of an earlier run is not that of a later one")
    func secondRun() {
        let end: (startedAt: UInt64, status: Int32) = (10, 4)
        #expect(state(.running, seen(live: (20, true), end: end, held: true), startedAt: 19) == .running(pid: 7))
        #expect(state(.running, seen(live: (20, false), end: end), startedAt: 19) == Self.lost)
        // The machine was started anew: the run folder is empty.
        #expect(state(.running, seen(end: end), startedAt: 19) == Self.lost)
        #expect(state(.running, seen(end: (20, 4)), startedAt: 19) == .exited(status: 4, reason: nil))
    }

    @Test("a start that did not come to its end leaves what was before")
    func brokenStart() {
        #expect(state(.starting, seen(), startedAt: 19) == .created)
        #expect(state(.starting, seen(end: (10, 4)), startedAt: 19) == .exited(status: 4, reason: nil))
        #expect(state(.running, seen(), startedAt: 19) == Self.lost)
    }

    @Test("what somebody takes away is dead, but for a process that still runs")
    func dead() {
        #expect(state(.removing, seen()) == .dead)
        #expect(state(.removing, seen(end: (10, 4))) == .dead)
        #expect(state(.removing, seen(live: (10, true), held: true)) == .running(pid: 7))
    }

    @Test("a claim comes back from its text, and nothing else is one", arguments: ["", "1", "1:2", "a:2:3", "1:2:3:4"])
    func claims(wrong: String) {
        let claim = ProcessClaim(pid: 12, startTime: 345, serial: 6)
        #expect(ProcessClaim(claim.text) == claim)
        #expect(ProcessClaim(wrong) == nil)
    }
}
