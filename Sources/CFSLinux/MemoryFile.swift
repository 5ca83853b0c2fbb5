import CFSModel
import CLinux
import Glibc

/// Files that no folder names and that lie in memory (memfd_create(2)).
public enum MemoryFile {
    /// An empty file, close-on-exec.
    ///
    /// - Parameter sealable: whether it can be sealed against changes later.
    public static func make(_ name: String, sealable: Bool = false) throws(CFSError) -> OwnedFD {
        let flags = sealable ? 1 | 2 : 1  // MFD_CLOEXEC, MFD_ALLOW_SEALING
        return OwnedFD(
            try checked(
                name.withCString { rawCall(cfs_nr_memfd_create, address($0), flags) }, "memfd_create", .preparing))
    }

    /// Forbids every change from now on, and to take that back (fcntl(2), F_ADD_SEALS).
    public static func seal(_ file: Int32) throws(CFSError) {
        let addSeals: Int32 = 1033
        let seals: Int32 = 0x1 | 0x2 | 0x4 | 0x8  // further seals, shrinking, growing, writing
        try checked(fcntl(file, addSeals, seals) == -1 ? -Int(errno) : 0, "fcntl", .preparing)
    }
}
