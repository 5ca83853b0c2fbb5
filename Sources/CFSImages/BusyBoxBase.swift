import CFSLayers
import CFSLinux
import CFSModel

/// The base layer that every image composed offline shares: this machine's static BusyBox with a link for each of its
/// applets, the mount points that the engine needs, and the smallest `/etc`.
enum BusyBoxBase {
    /// Where Debian's `busybox-static` and others put it.
    static let usualPaths = ["/bin/busybox", "/usr/bin/busybox"]
    private static let sizeLimit = 32 << 20

    /// The layer's entries, in a fixed order and of a fixed time: the same BusyBox gives the same digest.
    ///
    /// - Parameter paths: where to look for the executable; the first one found counts.
    static func entries(
        lookingIn paths: [String] = usualPaths
    ) throws(CFSError) -> [(entry: ArchiveEntry, body: [UInt8])] {
        let (path, program) = try executable(paths)
        var all: [(entry: ArchiveEntry, body: [UInt8])] = []
        func folder(_ name: ArchiveName, mode: UInt32 = 0o755) {
            all.append((ArchiveEntry(.directory, name, mode: mode), []))
        }
        func file(_ name: ArchiveName, mode: UInt32 = 0o644, _ body: [UInt8]) {
            all.append((ArchiveEntry(.file, name, mode: mode, size: UInt64(body.count)), body))
        }
        for name in ["bin", "dev", "etc", "proc", "sbin", "sys", "usr", "usr/bin", "usr/sbin"] {
            folder(ArchiveName(name))
        }
        folder("root", mode: 0o700)
        folder("tmp", mode: 0o1777)
        file("bin/busybox", mode: 0o755, program)
        file("etc/passwd", Array("root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n".utf8))
        file("etc/group", Array("root:x:0:\nnogroup:x:65534:\n".utf8))
        // The places of the engine's own files: made here once, not in every container.
        for name in ["hostname", "hosts", "resolv.conf"] { file(ArchiveName("etc/\(name)"), []) }
        for link in links(try BusyBoxApplets.list(path)) {
            let depth = link.split(separator: "/").count - 1
            let target =
                depth == 1 && link.hasPrefix("bin/")
                ? "busybox" : String(repeating: "../", count: depth) + "bin/busybox"
            all.append((ArchiveEntry(.symlink(ArchiveName(target)), ArchiveName(link)), []))
        }
        return all
    }

    /// The architecture of the executable, by its OCI name.
    static func architecture(lookingIn paths: [String] = usualPaths) throws(CFSError) -> String {
        let (_, program) = try executable(paths)
        return ELFHeader(Array(program.prefix(4096)))?.architecture ?? ImageArchitecture.native
    }

    /// The applets that become links: those in the usual folders. `linuxrc` belongs to single systems.
    static func links(_ applets: [String]) -> [String] {
        let folders: Set<Substring> = ["bin", "sbin", "usr/bin", "usr/sbin"]
        let links = applets.filter { applet in
            guard let slash = applet.lastIndex(of: "/"), applet != "bin/busybox" else { return false }
            let name = applet[applet.index(after: slash)...]
            return folders.contains(applet[..<slash]) && !name.isEmpty && name != "." && name != ".."
        }
        return Set(links).sorted()
    }

    private static func executable(_ paths: [String]) throws(CFSError) -> (path: String, bytes: [UInt8]) {
        let hint = "apt-get install busybox-static"
        guard let path = paths.first(where: { File.exists($0) }) else {
            throw CFSError(
                .imageNotFound, .importing,
                "composing an image offline needs a static BusyBox, and this machine has none",
                path: paths.first, hint: hint)
        }
        let bytes = try File.readAll(at: path, limit: sizeLimit)
        guard let header = ELFHeader(Array(bytes.prefix(4096))) else {
            throw CFSError(.imageNotFound, .importing, "\(path) is no ELF executable", path: path, hint: hint)
        }
        guard !header.isDynamic else {
            throw CFSError(
                .imageNotFound, .importing,
                "\(path) is linked dynamically: composing an image offline needs a static BusyBox", path: path,
                hint: hint)
        }
        guard ImageArchitecture.runnable.contains(header.architecture) else {
            throw CFSError(
                .imageNotFound, .importing,
                "\(path) is for the architecture \(header.architecture), not for this machine",
                path: path, hint: hint)
        }
        return (path, bytes)
    }
}
