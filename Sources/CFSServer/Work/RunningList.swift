import CFSCore
import CFSLinux
import NIOCore
import Synchronization

/// The answer to `GET /containers`, kept for as long as nothing has changed that stands in it.
///
/// Whether something has changed is asked of the kernel with every request, in one call that does not wait: it queues what happens
/// to files (inotify(7)) and to processes (pidfd_open(2)) before the call that makes it happen returns. So an answer is never older
/// than the request, whichever process changed what, and a list that nobody changes costs no look at any container.
final class RunningList: Sendable {
    private struct State {
        var poll: SharedPoll?
        var changes: PathWatch?
        /// First processes of containers, which are watched.
        var processes: [ContainerID: (pid: Int32, pidfd: SharedFD)] = [:]
        var answer: ByteBuffer?
    }

    private let state = Mutex(State())
    private static let kinds: PathWatch.Change = [.modified, .created, .deleted, .movedFrom, .movedTo, .deletedSelf]

    /// The answer when it still holds. Never waits.
    func current() -> ByteBuffer? {
        let answer = state.withLockIfAvailable { state -> ByteBuffer? in
            guard let answer = state.answer, Self.isQuiet(state.poll) else {
                state.answer = nil
                return nil
            }
            return answer
        }
        return answer ?? nil
    }

    private static func isQuiet(_ poll: SharedPoll?) -> Bool {
        guard let poll else { return false }
        do throws(CFSError) { return try poll.events.wait(milliseconds: 0).isEmpty } catch { return false }
    }

    /// The answer as it is now.
    func read(_ engine: Engine) throws(CFSError) -> ByteBuffer {
        try state.withLock { state throws(CFSError) in
            // Who waited for the lock finds what the one before him has read.
            if let answer = state.answer, Self.isQuiet(state.poll) { return answer }
            state.answer = nil
            var records = try running(engine)
            // What is watched from now on is read again: it may have changed in between.
            for _ in 0..<3 {
                let isNew: Bool
                do throws(CFSError) {
                    isNew = try watch(records, engine, &state)
                } catch {
                    // Where nothing can be watched (a user's watches have a limit), nothing is kept.
                    state = State()
                    return Self.answer(records)
                }
                guard isNew else {
                    let answer = Self.answer(records)
                    state.answer = answer
                    return answer
                }
                records = try running(engine)
            }
            return Self.answer(records)
        }
    }

    private func running(_ engine: Engine) throws(CFSError) -> [ContainerRecord] {
        try engine.containers().filter { $0.state.pid != nil }
    }

    private static func answer(_ records: [ContainerRecord]) -> ByteBuffer {
        let members = records.map { ($0.id.text, JSON.object(ContainerDocument.json($0, isStopped: false))) }
        return ByteBuffer(bytes: JSON.object(JSONObject(members)).bytes() + [0x0a])
    }

    /// Watches these containers and no others; true when something is watched that was not before, or has changed meanwhile.
    private func watch(
        _ records: [ContainerRecord], _ engine: Engine, _ state: inout State
    ) throws(CFSError) -> Bool {
        var isNew = false
        if state.changes == nil {
            let (poll, changes) = (try SharedPoll(), try PathWatch())
            for place in engine.placesOfChange { try changes.add(place, Self.kinds) }
            try poll.events.add(changes.descriptor, .readable, token: 0)
            (state.poll, state.changes) = (poll, changes)
            isNew = true
        }
        if !Self.isQuiet(state.poll) {
            isNew = true
            try state.changes?.take()
        }
        let known = Set(records.map(\.id))
        for (id, process) in state.processes where !known.contains(id) {
            state.poll?.events.remove(process.pidfd.raw)
            state.processes[id] = nil
        }
        for record in records {
            guard let pid = record.state.pid, state.processes[record.id]?.pid != pid else { continue }
            isNew = true
            if let old = state.processes.removeValue(forKey: record.id) { state.poll?.events.remove(old.pidfd.raw) }
            guard let opened = try ProcessControl.open(pid: pid) else { continue }
            let pidfd = SharedFD(opened)
            for place in engine.placesOfChange(of: record.id) { _ = try state.changes?.addIfThere(place, Self.kinds) }
            try state.poll?.events.add(pidfd.raw, .readable, token: 1)
            state.processes[record.id] = (pid, pidfd)
        }
        return isNew
    }
}
