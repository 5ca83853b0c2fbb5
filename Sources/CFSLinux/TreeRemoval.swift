import CFSModel
import CLinux
import Glibc

extension Directory {
    /// Removes a name and everything below it, never following a link. What is gone already is fine.
    ///
    /// A container decides what lies in its folders: names need not be UTF-8, and folders may lie in each other deeper
    /// than there are descriptors. So names stay bytes, and what lies deep is moved up before it is removed.
    public static func removeTree(_ name: String, at directory: Int32 = File.currentDirectory) throws(CFSError) {
        var failure: CFSError?
        name.withCString { text in
            do throws(CFSError) {
                try removeTree(text, at: directory)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }

    /// Like ``removeTree(_:at:)``, for a name whose bytes need not be UTF-8.
    public static func removeTree(_ name: UnsafePointer<CChar>, at directory: Int32) throws(CFSError) {
        guard try !removeSimple(name, at: directory) else { return }
        do {
            let top = OwnedFD(
                try checked(openFolder(name, at: directory), "openat", .removing, path: String(cString: name)))
            var moved = 0
            // A file system may skip entries while others are removed, and deep folders arrive here.
            while try !isEmpty(top.raw) { try clear(top.raw, depth: 0, top: top.raw, moved: &moved) }
        }
        if Glibc.unlinkat(directory, name, Int32(CFS_AT_REMOVEDIR)) != 0, errno != ENOENT {
            try checked(-Int(errno), "unlinkat", .removing, path: String(cString: name))
        }
    }

    private static let depthLimit = 32

    private static func openFolder(_ name: UnsafePointer<CChar>, at directory: Int32) -> Int {
        let fd = Glibc.openat(directory, name, O_RDONLY | Int32(CFS_O_DIRECTORY | CFS_O_NOFOLLOW | CFS_O_CLOEXEC))
        return fd >= 0 ? Int(fd) : -Int(errno)
    }

    /// Removes what is no folder, or an empty one. False: a folder with entries.
    private static func removeSimple(_ name: UnsafePointer<CChar>, at directory: Int32) throws(CFSError) -> Bool {
        if Glibc.unlinkat(directory, name, 0) == 0 || errno == ENOENT { return true }
        guard errno == EISDIR || errno == EPERM else {
            throw CFSError(kernel: errno, "unlinkat", .removing, path: String(cString: name))
        }
        if Glibc.unlinkat(directory, name, Int32(CFS_AT_REMOVEDIR)) == 0 || errno == ENOENT { return true }
        guard errno == ENOTEMPTY || errno == EEXIST else {
            throw CFSError(kernel: errno, "unlinkat", .removing, path: String(cString: name))
        }
        return false
    }

    private static func isEmpty(_ fd: Int32) throws(CFSError) -> Bool {
        var found = false
        try forEachEntry(of: fd) { _, _ in found = true }
        return !found
    }

    private static func clear(_ fd: Int32, depth: Int, top: Int32, moved: inout Int) throws(CFSError) {
        var count = moved
        try forEachEntry(of: fd) { name, _ throws(CFSError) in
            guard try !removeSimple(name, at: fd) else { return }
            if depth < depthLimit {
                let inner = OwnedFD(
                    try checked(openFolder(name, at: fd), "openat", .removing, path: String(cString: name)))
                try clear(inner.raw, depth: depth + 1, top: top, moved: &count)
                if Glibc.unlinkat(fd, name, Int32(CFS_AT_REMOVEDIR)) == 0 { return }
                let number = errno
                // Entries that were skipped are found in the next pass.
                if number == ENOENT || number == ENOTEMPTY || number == EEXIST { return }
                throw CFSError(kernel: number, "unlinkat", .removing, path: String(cString: name))
            }
            try moveUp(name, from: fd, to: top, &count)
        }
        moved = count
    }

    /// Puts a folder that lies too deep directly below the top, under a name that nothing has there.
    private static func moveUp(
        _ name: UnsafePointer<CChar>, from fd: Int32, to top: Int32, _ count: inout Int
    ) throws(CFSError) {
        while true {
            count += 1
            if renameat(fd, name, top, ".removed-\(count)") == 0 || errno == ENOENT { return }
            // The name is taken, by a folder or by something else.
            guard errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR else {
                throw CFSError(kernel: errno, "renameat", .removing, path: String(cString: name))
            }
        }
    }
}
