import CFSLinux
import CFSModel
import CLinux
import Glibc

/// Paths inside a root file system that may be hostile: every step is taken on descriptors, below the root.
enum RootPath {
    enum Kind { case folder, file }

    /// Whether two absolute paths name the same place, without asking: `/dev/` and `//dev`.
    static func isSame(_ path: String, _ other: String) -> Bool {
        func parts(_ path: String) -> [String] { path.pathNames.filter { $0 != "." } }
        return parts(path) == parts(other)
    }

    /// Opens what `path` names inside the root (O_PATH), and makes it when it is not there: folders 0755, an empty file.
    /// Symbolic links are followed inside the root only, a dangling one to the place that it names.
    static func openOrMake(_ path: String, root: Int32, kind: Kind) throws(CFSError) -> OwnedFD {
        let direct = File.tryOpen(path, below: root, [.path], resolve: .inRoot)
        if direct >= 0 { return OwnedFD(direct) }
        guard direct == -ErrorCode.notFound else {
            throw CFSError(kernel: Int32(-direct), "openat2", .mounting, path: path)
        }
        return try make(path, root: root, kind: kind)
    }

    /// Opens a folder that must be a plain one: no link on the way (`/proc` and `/sys`, CVE-2019-19921).
    static func openPlainFolder(_ path: String, root: Int32) throws(CFSError) -> OwnedFD {
        let relative = path.relativePath
        let flags: File.Flags = [.path, .directory, .noFollow]
        var result = File.tryOpen(relative, below: root, flags, resolve: [.beneath, .noSymlinks])
        if result == -ErrorCode.notFound {
            try checkedMake(relative, root)
            result = File.tryOpen(relative, below: root, flags, resolve: [.beneath, .noSymlinks])
        }
        if result == -ErrorCode.loop || result == -ErrorCode.notDirectory {
            throw CFSError(
                .mountFailed, .mounting, "\(path) of the image is not a plain folder", path: path, errno: Int32(-result)
            )
        }
        return OwnedFD(try checked(result, "openat2", .mounting, path: path))
    }

    private static func checkedMake(_ relative: String, _ root: Int32) throws(CFSError) {
        var prefix = ""
        for component in relative.pathNames {
            prefix += prefix.isEmpty ? component : "/\(component)"
            let there = File.tryOpen(prefix, below: root, [.path, .noFollow], resolve: [.beneath, .noSymlinks])
            if there >= 0 {
                _ = OwnedFD(there)
                continue
            }
            let (parent, name) = split(prefix)
            let parentFD = try File.open(
                parent.isEmpty ? "." : parent, below: root, [.path, .directory], resolve: [.beneath, .noSymlinks],
                phase: .mounting)
            try Directory.make(name, mode: 0o755, at: parentFD.raw)
        }
    }

    private static func split(_ path: String) -> (parent: String, name: String) {
        guard let slash = path.lastSlash else { return ("", path) }
        return (String(path[..<slash]), String(path[path.utf8.index(after: slash)...]))
    }

    /// Walks component by component from the root; a link's target is spliced in front of what is left.
    private static func make(_ path: String, root: Int32, kind: Kind) throws(CFSError) -> OwnedFD {
        var pending = path.pathNames.reversed() as [String]
        var trail: [String] = []
        var links = 0
        while let component = pending.popLast() {
            if component == "." { continue }
            if component == ".." {
                _ = trail.popLast()
                continue
            }
            let parent = try File.open(
                trail.isEmpty ? "/" : trail.joined(separator: "/"), below: root, [.path, .directory],
                resolve: [.inRoot, .noSymlinks], phase: .mounting)
            let there = File.tryOpen(component, [.path, .noFollow], at: parent.raw)
            if there >= 0 {
                let found = OwnedFD(there)
                let status = try File.status(at: found.raw)
                if status.isSymbolicLink {
                    links += 1
                    guard links <= 40 else {
                        throw CFSError(.mountFailed, .mounting, "too many symbolic links in \(path)", path: path)
                    }
                    let target = try File.readLink("", at: found.raw)
                    if target.isAbsolutePath { trail = [] }
                    pending += target.pathNames.reversed()
                    continue
                }
                guard status.isDirectory || pending.isEmpty else {
                    throw CFSError(kernel: ENOTDIR, "openat", .mounting, path: path)
                }
                trail.append(component)
                continue
            }
            guard there == -ErrorCode.notFound else {
                throw CFSError(kernel: Int32(-there), "openat", .mounting, path: path)
            }
            if kind == .file && pending.isEmpty {
                _ = try File.open(
                    component, [.write, .create, .exclusive, .noFollow], mode: 0o644, at: parent.raw, phase: .mounting)
            } else {
                try checked(Directory.tryMake(component, mode: 0o755, at: parent.raw), "mkdirat", .mounting, path: path)
            }
            trail.append(component)
        }
        return try File.open(
            trail.isEmpty ? "/" : trail.joined(separator: "/"), below: root, [.path], resolve: [.inRoot, .noSymlinks],
            phase: .mounting)
    }
}
