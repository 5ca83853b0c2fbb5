import CFSLinux
import CFSModel
import CFSMonitor
import Glibc

/// What ``Engine/restore()`` has started, and what it could not.
public struct Restoration: Sendable {
    public var started: [ContainerID] = []
    public var failures: [(id: ContainerID, name: String, error: CFSError)] = []

    /// What ``Engine/recover()`` could not put right before; no reason to start nothing.
    public var networkFailure: CFSError?

    public init() {}
}

extension Engine {
    /// Starts what should run after a reboot, by each container's restart policy: `always` all that has ended, `unless-stopped`
    /// what nobody had stopped, `on-failure` what was running when the machine went down. Puts right first what that left.
    ///
    /// Safe at any time, and again: what runs, and what a monitor is about to start, is left alone.
    public func restore() throws(CFSError) -> Restoration {
        var restoration = Restoration()
        restoration.networkFailure = try recover().networkFailure
        for row in try registry.containers().reversed() {
            let container = Container(id: row.id, engine: self)
            do throws(CFSError) {
                guard try shouldRun(container) else { continue }
                _ = try container.start(.none)
                restoration.started.append(row.id)
            } catch {
                // Somebody was faster: it runs, or is gone.
                if error.code == .containerRunning || error.code == .containerNotFound { continue }
                restoration.failures.append((row.id, row.name, error))
            }
        }
        return restoration
    }

    private func shouldRun(_ container: Container) throws(CFSError) -> Bool {
        let record = try container.record()
        guard case .exited(let status, let reason) = record.state, record.restartsAt == nil else { return false }
        let exit = try container.folder.readExit()
        switch try container.folder.readRequest().restart {
        case .no: return false
        case .always: return true
        case .unlessStopped: return !(exit?.isStopped ?? false)
        case .onFailure: return status != 0 && reason == ContainerLifecycle.lostReason
        }
    }
}
