import CFSLinux
import CFSModel
import CFSMonitor
import Glibc

/// The lock that says that somebody looks after a container: its creator until the start, then its monitor. While it is
/// held, nobody tidies the container up; the kernel frees it however its holder ends.
final class RunLock: Sendable {
    private let lock: FileLock
    private let folder: ContainerFolder

    var descriptor: Int32 { lock.descriptor }

    /// Makes the run folder of a container that does not run, and takes its lock.
    ///
    /// - Parameter whileTaken: see ``FileLock``.
    init(_ folder: ContainerFolder, whileTaken: (() throws(CFSError) -> Void)? = nil) throws(CFSError) {
        self.folder = folder
        while true {
            try Directory.make(folder.run)
            do throws(CFSError) {
                let taken = try FileLock(folder.lockPath, whileTaken: whileTaken)
                // Whoever had it before may have removed the file meanwhile: then this lock is on nothing.
                let (own, named) = (try File.status(at: taken.descriptor), File.statusIfThere(folder.lockPath))
                if own.inode == named?.inode {
                    lock = taken
                    return
                }
            } catch {
                // recover() has found an empty folder, and removed it.
                if error.errno == ENOENT { continue }
                // Without a lock nobody knows of the folder.
                _ = rmdir(folder.run)
                throw error
            }
        }
    }

    static func exists(_ folder: ContainerFolder) -> Bool { File.exists(folder.lockPath) }

    /// Takes the lock of a container that has no run folder, and makes that; nil when somebody was faster, who may have it as
    /// long as the container runs.
    convenience init?(ifStopped folder: ContainerFolder) throws(CFSError) {
        if Self.exists(folder) { return nil }
        do throws(CFSError) {
            try self.init(folder) { () throws(CFSError) in throw CFSError(kernel: EWOULDBLOCK, "flock", .preparing) }
        } catch {
            guard error.errno == EWOULDBLOCK else { throw error }
            return nil
        }
    }

    /// Takes the lock of a container only if nobody has it; nil otherwise, and when there is no run folder.
    init?(ifFree folder: ContainerFolder) throws(CFSError) {
        guard File.exists(folder.lockPath), let taken = try FileLock(ifFree: folder.lockPath) else { return nil }
        self.folder = folder
        lock = taken
    }

    /// Whether somebody looks after this container now.
    static func isHeld(_ folder: ContainerFolder) throws(CFSError) -> Bool {
        guard File.exists(folder.lockPath) else { return false }
        return try FileLock(ifFree: folder.lockPath, shared: true) == nil
    }

    /// Gives the container up: nothing of it runs.
    func release() throws(CFSError) { try folder.removeRun() }
}
