import CFSLinux
import CFSModel
import CLinux
import Glibc

/// The overlay of a kernel that takes no layer by descriptor (before Linux 6.13), and finds a layer by path only where it
/// is attached.
///
/// So the layers are attached in a mount namespace that exists for these few calls alone. Nothing becomes visible on the
/// host, and what a killed process leaves goes with the namespace. The finished overlay keeps copies of what it needs.
struct OverlayByPath {
    /// Detached mounts, from the topmost down.
    let layers: [SharedFD]
    let upper: String
    let work: String
    let volatile: Bool

    /// A detached mount of the overlay. Only in a process with one thread: it leaves its mount namespace meanwhile.
    func mount() throws(CFSError) -> OwnedFD {
        let home = try File.open("/proc/thread-self/ns/mnt", .read, phase: .mounting)
        let root = try Directory.open("/")
        let folder = try Directory.open(".")
        try ProcessControl.unshare(.mount)
        let overlay: OwnedFD
        do {
            overlay = try mountHere()
        } catch {
            try goBack(home.raw, root.raw, folder.raw)
            throw error
        }
        try goBack(home.raw, root.raw, folder.raw)
        return overlay
    }

    /// Entering a mount namespace also changes root and working directory to the namespace's root (setns(2)).
    private func goBack(_ home: Int32, _ root: Int32, _ folder: Int32) throws(CFSError) {
        try ProcessControl.enter(home, .mount)
        let isBack = fchdir(root) == 0 && chroot(".") == 0 && fchdir(folder) == 0
        try checked(isBack ? 0 : -Int(errno), "chroot", .mounting)
    }

    private func mountHere() throws(CFSError) -> OwnedFD {
        try Mounting.makeAllPrivate()
        // Opened before something lies on top, and in this namespace: a mount of another one is refused.
        let upperFolder = try File.open(upper, [.path, .directory], phase: .mounting)
        let workFolder = try File.open(work, [.path, .directory], phase: .mounting)
        // One on top of the other: a descriptor reaches a mount that is covered.
        for layer in layers { try Mounting.attach(layer.raw, onto: upperFolder.raw, path: upper) }
        let options = options(upperFolder.raw, workFolder.raw)
        guard options.utf8.count < Self.page else {
            throw CFSError(
                .kernelUnsupported, .mounting, "this kernel cannot stack \(layers.count) layers", systemCall: "mount",
                hint: "so many layers need Linux 6.13 or newer")
        }
        try Mounting.attach(new: "overlay", onto: upper, options: options)
        return try Mounting.cloneTree(upper)
    }

    /// What mount(2) reads of its options.
    private static let page = 4096

    private func options(_ upper: Int32, _ work: Int32) -> String {
        // By number, because commas and colons in a path would need escaping and a page is soon full.
        var text = "lowerdir="
        for (index, layer) in layers.enumerated() { text += "\(index == 0 ? "" : ":")/proc/self/fd/\(layer.raw)" }
        text += ",upperdir=/proc/self/fd/\(upper),workdir=/proc/self/fd/\(work),redirect_dir=nofollow,metacopy=off"
        return volatile ? text + ",volatile" : text
    }
}
