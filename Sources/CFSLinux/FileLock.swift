import CFSModel
import Glibc

/// An exclusive or shared lock on a file (flock(2)), held as long as this value lives. The kernel frees it when the
/// process ends, however it ends.
public struct FileLock: ~Copyable, Sendable {
    private let fd: OwnedFD

    /// Waits for the lock; the file is made when it is not there.
    ///
    /// - Parameter whileTaken: called again and again while somebody else has the lock; waits a moment itself, and ends the
    ///   wait with what it throws. Nil waits without end.
    public init(
        _ path: String, at directory: Int32 = File.currentDirectory, shared: Bool = false,
        whileTaken: (() throws(CFSError) -> Void)? = nil
    ) throws(CFSError) {
        let fd = try File.open(path, [.readWrite, .create, .noFollow], mode: 0o600, at: directory)
        let operation = shared ? LOCK_SH : LOCK_EX
        var failure = Self.wait(fd.raw, whileTaken == nil ? operation : operation | LOCK_NB)
        while failure == -Int(EWOULDBLOCK), let whileTaken {
            try whileTaken()
            failure = Self.wait(fd.raw, operation | LOCK_NB)
        }
        try checked(failure, "flock", .preparing, path: path)
        self.fd = fd
    }

    /// Takes the lock of a file that is there; nil when somebody else has it.
    public init?(ifFree path: String, shared: Bool = false) throws(CFSError) {
        let result = File.tryOpen(path, [.readWrite, .noFollow])
        // Removed a moment ago: nobody has it, and nobody will.
        if result == -ErrorCode.notFound { return nil }
        let fd = OwnedFD(try checked(result, "open", .preparing, path: path))
        if flock(fd.raw, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB) != 0 {
            let number = errno
            guard number == EWOULDBLOCK else { throw CFSError(kernel: number, "flock", .preparing, path: path) }
            return nil
        }
        self.fd = fd
    }

    /// Gives the lock back, also where another process has a copy of the file.
    public borrowing func unlock() { _ = flock(fd.raw, LOCK_UN) }

    /// The open file; a copy of it in another process holds the lock too.
    public var descriptor: Int32 { fd.raw }

    private static func wait(_ fd: Int32, _ operation: Int32) -> Int {
        while flock(fd, operation) != 0 {
            let number = Int(errno)
            if number != ErrorCode.interrupted { return -number }
        }
        return 0
    }
}
