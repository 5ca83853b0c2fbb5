import CFSLinux
import CFSModel
import CFSMonitor
import Glibc

/// Held by whoever changes a container's configuration from what it was before: of two at once neither loses what the other
/// writes. It is a lock on the container's folder, so it leaves nothing, and ends with its holders (flock(2)).
struct ConfigurationLock: ~Copyable {
    private let folder: OwnedFD

    /// A copy of it in another process holds the lock too.
    var descriptor: Int32 { folder.raw }

    /// Waits for the lock.
    ///
    /// - Throws: `containerNotFound` when the container is gone.
    init(_ container: Container) throws(CFSError) {
        let opened = try Self.open(container)
        while flock(opened.raw, LOCK_EX) != 0 {
            let number = errno
            guard number == EINTR else {
                throw CFSError(kernel: number, "flock", .preparing, path: container.folder.container)
            }
        }
        folder = opened
    }

    /// Takes the lock; nil when somebody has it.
    init?(ifFree container: Container) throws(CFSError) {
        let opened = try Self.open(container)
        guard flock(opened.raw, LOCK_EX | LOCK_NB) == 0 else { return nil }
        folder = opened
    }

    private static func open(_ container: Container) throws(CFSError) -> OwnedFD {
        do throws(CFSError) {
            return try Directory.open(container.folder.container)
        } catch {
            throw error.errno == ENOENT ? container.gone : error
        }
    }
}
