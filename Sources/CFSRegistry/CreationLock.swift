import CFSModel
import Glibc

/// A lock between processes for as long as the registry's file is made or changed in form. It lies in a file of its own:
/// closing any descriptor of the registry itself would free SQLite's locks on it (fcntl(2), advisory record locking).
enum CreationLock {
    static func hold(beside path: String, _ body: () throws(CFSError) -> Void) throws(CFSError) {
        let file = "\(path).lock"
        let descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw failure("open", file) }
        defer { _ = close(descriptor) }
        while flock(descriptor, LOCK_EX) != 0 {
            guard errno == EINTR else { throw failure("flock", file) }
        }
        try body()
    }

    private static func failure(_ call: String, _ path: String) -> CFSError {
        CFSError(
            .registryFailed, .recording, "the registry cannot be locked", systemCall: call, path: path, errno: errno)
    }
}
