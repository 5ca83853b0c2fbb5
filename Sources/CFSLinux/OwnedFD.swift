import CFSModel
import Glibc

/// A file descriptor with one owner: closed when the value ends, never twice, never by somebody else.
public struct OwnedFD: ~Copyable, Sendable {
    /// The number, valid as long as this value lives.
    public let raw: Int32

    /// Takes ownership of an open descriptor.
    public init(_ raw: Int32) { self.raw = raw }

    /// Takes ownership of what a system call returned.
    public init(_ result: Int) { raw = Int32(result) }

    deinit { _ = close(raw) }

    /// Gives the number away; whoever takes it closes it.
    public consuming func release() -> Int32 {
        let number = raw
        discard self
        return number
    }

    /// Another descriptor for the same open file, close-on-exec (fcntl(2), F_DUPFD_CLOEXEC).
    public func duplicate() throws(CFSError) -> OwnedFD {
        let copy = fcntl(raw, F_DUPFD_CLOEXEC, 3)
        return OwnedFD(try checked(copy == -1 ? -Int(errno) : Int(copy), "fcntl", .preparing))
    }
}

/// A descriptor that several places share; the last one closes it.
public final class SharedFD: Sendable {
    public let raw: Int32
    public init(_ owned: consuming OwnedFD) { raw = owned.release() }

    /// Another descriptor for the same open file, close-on-exec (fcntl(2), F_DUPFD_CLOEXEC).
    public func duplicate() throws(CFSError) -> OwnedFD {
        let copy = fcntl(raw, F_DUPFD_CLOEXEC, 3)
        return OwnedFD(try checked(copy == -1 ? -Int(errno) : Int(copy), "fcntl", .preparing))
    }

    deinit { _ = close(raw) }
}
