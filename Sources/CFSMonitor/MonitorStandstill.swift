import CFSLinux
import CFSModel
import Glibc

/// Somebody for whom the container stands still. He lets it go on himself; this is for the case that he is killed.
struct Standstill {
    let token: UInt64
    /// The locked file that says so. Locked by this copy too, so that nobody else looks after it at the same time.
    let mark: SharedFD
}

extension Monitor {
    func standStill(for token: UInt64) {
        guard let mark = clients.takeHandedOver().first else {
            clients.send(.refused("no descriptor came along"), to: token)
            return
        }
        standstills.removeAll { $0.token == token }
        standstills.append(Standstill(token: token, mark: mark))
        clients.send(.changed, to: token)
    }

    /// A client has gone. One that has left its mark was killed.
    func goOn(without token: UInt64) {
        guard let index = standstills.firstIndex(where: { $0.token == token }) else { return }
        let mark = standstills.remove(at: index).mark
        do throws(CFSError) {
            // Gone where he was done, and where somebody has taken the pause over or ended it since.
            guard let named = File.statusIfThere(folder.standstillPath),
                try File.status(at: mark.raw).isSameFile(as: named)
            else { return }
            // Killed before it stood still, or after it went on: nothing to tell.
            let wasFrozen = isFrozen
            // Streams and clients wait meanwhile; it goes on, too, where that takes longer.
            if wasFrozen { try cgroup?.thaw(deadline: 100) }
            _ = unlink(folder.standstillPath)
            if wasFrozen { note("unpause") }
        } catch {
            // The mark stays, for recover().
            return
        }
    }
}
