import CFSModel
import CLinux

/// openat2(2) in steps, each of a path without `..` and without links.
///
/// The kernel answers EAGAIN to a path with `..`, its own or a link's, when anything was renamed or mounted meanwhile, anywhere on
/// the machine: it cannot tell whether that led out. A container that renames all the time so keeps every such path from being
/// resolved, its neighbours' too. Here `..` takes the last name off the way from the root, and every step begins at the root
/// again, so there is nothing to lead out, whatever is renamed; what is found is inside.
struct SteppedResolution {
    let root: Int32
    let path: String
    let flags: File.Flags
    let mode: UInt32
    let resolve: File.Resolve

    /// A descriptor, or minus the error number.
    func open() -> Int {
        guard !path.isEmpty else { return -ErrorCode.notFound }
        for _ in 0..<128 {
            if let result = attempt() { return result }
        }
        return -ErrorCode.again
    }

    /// Nil when a folder or file became a link between the steps.
    private func attempt() -> Int? {
        if path.isAbsolutePath, resolve.contains(.beneath) { return -ErrorCode.crossDevice }
        var pending = path.pathNames.reversed() as [String]
        var meansFolder = path.endsWithSlash
        var trail: [String] = []
        var links = 0
        while let name = pending.popLast() {
            if name == "." { continue }
            if name == ".." {
                if trail.popLast() == nil, resolve.contains(.beneath) { return -ErrorCode.crossDevice }
                continue
            }
            trail.append(name)
            let opened = step(trail, [.path, .noFollow])
            if opened == -ErrorCode.notFound, pending.isEmpty, flags.contains(.create) { break }
            guard opened >= 0 else { return opened == -ErrorCode.loop ? nil : opened }
            let item = OwnedFD(opened)
            var status = cfs_stat()
            let known = cfs_fstatat(item.raw, "", &status, Int32(CFS_AT_EMPTY_PATH))
            guard known >= 0 else { return known }
            guard status.isSymbolicLink else {
                guard status.isDirectory || pending.isEmpty else { return -ErrorCode.notDirectory }
                continue
            }
            if pending.isEmpty, !meansFolder, flags.contains(.noFollow) { break }
            links += 1
            guard links <= 40, !resolve.contains(.noSymlinks), !isMagic(trail) else { return -ErrorCode.loop }
            guard let target = Self.target(item.raw) else { return -ErrorCode.again }
            guard !target.isEmpty else { return -ErrorCode.notFound }
            trail.removeLast()
            if target.isAbsolutePath {
                if resolve.contains(.beneath) { return -ErrorCode.crossDevice }
                trail = []
            }
            if pending.isEmpty, target.endsWithSlash { meansFolder = true }
            pending += target.pathNames.reversed()
        }
        let isLink = flags.contains(.noFollow) && !meansFolder
        let result = step(trail, flags, meansFolder: meansFolder)
        return result == -ErrorCode.loop && !isLink ? nil : result
    }

    /// Opens what lies at the end of a way without links.
    private func step(_ trail: [String], _ flags: File.Flags, meansFolder: Bool = false) -> Int {
        File.resolve(
            trail.isEmpty ? "." : trail.text(separator: "/") + (meansFolder ? "/" : ""), below: root, flags,
            mode: flags.contains(.create) ? mode : 0,
            resolve: resolve.subtracting(.inRoot).union([.beneath, .noSymlinks]))
    }

    /// Whether the kernel refuses to follow a link because it, or one that it leads to, is a magic one.
    private func isMagic(_ trail: [String]) -> Bool {
        let followed = File.resolve(
            trail.text(separator: "/"), below: root, .path, resolve: resolve.subtracting(.beneath).union(.inRoot))
        if followed >= 0 { _ = OwnedFD(followed) }
        return followed == -ErrorCode.loop
    }

    /// Nil for one that cannot be read, and for one that is no UTF-8: it would be another.
    private static func target(_ link: Int32) -> String? {
        do throws(CFSError) {
            let target = try File.readLink("", at: link)
            return target.unicodeScalars.contains("\u{FFFD}") ? nil : target
        } catch {
            return nil
        }
    }
}
