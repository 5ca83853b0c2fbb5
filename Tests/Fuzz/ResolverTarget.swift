import CFSModel
import CLinux
import Glibc

@testable import CFSLinux
@testable import CFSNamespaces

/// Paths in a root whose links are hostile, against openat2(2) with RESOLVE_IN_ROOT: a path leads to the same object or nowhere,
/// what is made lies where the kernel then finds it, and nothing outside of the root changes.
///
/// Every input makes a tree of its own. The process changes its root to the folder that holds the tree while it resolves, so that
/// what gets out of the tree is seen there, and harms nobody.
enum ResolverTarget {
    /// A file system of its own that lies nowhere, so that nothing leads up from it and nothing is left of it.
    private struct Place: Sendable {
        private let base: Int32
        private let host: Int32
        /// Where the process was: the paths that libFuzzer was given lead from there.
        private let folder: Int32

        init() {
            let made = accepted { () throws(CFSError) in try FileSystemContext("tmpfs").mount().release() }
            base = made ?? -1
            host = Glibc.open("/", O_DIRECTORY | O_CLOEXEC)
            folder = Glibc.open(".", O_DIRECTORY | O_CLOEXEC)
            demand(base >= 0 && host >= 0 && folder >= 0, "no file system of its own: needs root")
            enter()
            mkdir("/outside", 0o755)
            close(Glibc.open("/outside/secret", O_CREAT | O_WRONLY | O_CLOEXEC, 0o644))
            leave()
        }

        func enter() { demand(fchdir(base) == 0 && chroot(".") == 0, "needs root: \(errno)") }

        func leave() {
            demand(fchdir(host) == 0 && chroot(".") == 0 && fchdir(folder) == 0, "cannot come back: \(errno)")
        }
    }

    private static let place = Place()

    /// libFuzzer's answer to a trap, which writes the input to a path of the host.
    nonisolated(unsafe) private static var answer:
        (@convention(c) (Int32, UnsafeMutablePointer<siginfo_t>?, UnsafeMutableRawPointer?) -> Void)?

    /// Makes a trap within the tree leave it before libFuzzer answers.
    private static let leavesAtTraps: Void = {
        for signal in [SIGILL, SIGTRAP, SIGSEGV] {
            var action = sigaction()
            sigaction(signal, nil, &action)
            guard let theirs = action.__sigaction_handler.sa_sigaction, action.sa_flags & SA_SIGINFO != 0 else {
                continue
            }
            answer = theirs
            action.__sigaction_handler.sa_sigaction = { signal, info, context in
                ResolverTarget.place.leave()
                ResolverTarget.answer?(signal, info, context)
            }
            sigaction(signal, &action, nil)
        }
    }()

    static func run(_ bytes: [UInt8]) {
        _ = leavesAtTraps
        // What is wrong is told after the root is the host's again, where the input can be kept.
        place.enter()
        let fault = fault(bytes)
        place.leave()
        demand(fault == nil, fault ?? "")
    }

    private static func fault(_ bytes: [UInt8]) -> String? {
        var choices = Choices(bytes)
        do throws(CFSError) {
            if File.exists("/root") { try Directory.removeTree("/root") }
            try Directory.make("/root", mode: 0o755)
            let tree = HostileTree(&choices)
            let root = try Directory.open("/root")
            let path = HostileTree.path(&choices, prefix: "/")
            let check = PathCheck(root: root.raw, path: path)
            if let fault = check.made(choices.isChosen() ? .file : .folder) {
                return "\(path.debugDescription) in \(tree.entries.debugDescription): \(fault)"
            }
            let left = (try names("/"), try names("/outside"))
            guard left == (["outside", "root"], ["secret"]) else {
                return "\(path.debugDescription) in \(tree.entries.debugDescription) got out: \(left)"
            }
            return nil
        } catch {
            return "the check itself failed: \(error)"
        }
    }

    private static func names(_ path: String) throws(CFSError) -> [String] {
        let folder = try Directory.open(path)
        return try Directory.names(folder.raw).sorted()
    }

    static let seeds: [[UInt8]] = (1...24).map { seed in
        var generator = Generator(seed: UInt64(seed))
        return (0..<64).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
    }
}

/// Folders, files and links out of choices, below the folder `/root`.
private struct HostileTree {
    var entries: [String] = []

    /// U+0301 and U+200D make one Character with what stands before them, a slash too.
    private static let names = [
        "a", "b", "c", "outside", "\u{301}a", "a\u{301}", "\u{200d}", "..\u{301}", "x y", "\r", "\n", "root", "secret",
    ]

    init(_ choices: inout Choices) {
        var folders = ["/root"]
        for _ in 0..<choices.number(below: 8) {
            let place = "\(choices.pick(folders))/\(choices.pick(Self.names))"
            switch choices.number(below: 5) {
            case 0, 1:
                if mkdir(place, 0o755) == 0 { folders.append(place) }
                entries.append("\(place)/")
            case 2:
                let file = Glibc.open(place, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o644)
                if file >= 0 { close(file) }
                entries.append(place)
            default:
                let target = Self.path(&choices, prefix: choices.isChosen() ? "/" : "")
                symlink(target, place)
                entries.append("\(place) -> \(target)")
            }
        }
    }

    static func path(_ choices: inout Choices, prefix: String) -> String {
        var path = prefix
        for index in 0...choices.number(below: 5) {
            if index > 0 { path += choices.number(below: 8) == 0 ? "//" : "/" }
            path += choices.pick(names + [".", "..", "..", "a", "b"])
        }
        return path + (choices.number(below: 8) == 0 ? "/" : "")
    }
}

/// One path, resolved by us and by the kernel.
private struct PathCheck {
    let root: Int32
    let path: String

    /// An object of the file system, or why there is none.
    private enum Found: Equatable {
        case object(inode: UInt64, mode: UInt32)
        case failure(Int)

        init(_ descriptor: Int32) {
            var status = cfs_stat()
            let result = cfs_fstatat(descriptor, "", &status, Int32(CFS_AT_EMPTY_PATH))
            self = result < 0 ? .failure(result) : .object(inode: status.inode, mode: status.mode)
        }

        var isThere: Bool { if case .object = self { true } else { false } }
        var isFolder: Bool { if case .object(_, let mode) = self { mode & S_IFMT == S_IFDIR } else { false } }
    }

    /// Asked again after ELOOP: when the kernel has to give up its walk without locks and begins anew, it goes on counting links from
    /// where it was (do_filp_open of fs/namei.c), and twenty may be taken for more than forty.
    private func kernel() -> Found {
        var result = 0
        for _ in 0..<16 {
            result = File.tryOpen(path, below: root, .path, resolve: .inRoot)
            if result != -ErrorCode.loop { break }
        }
        if result < 0 { return .failure(result) }
        let descriptor = OwnedFD(result)
        return Found(descriptor.raw)
    }

    /// What takes over where the kernel is disturbed.
    private func stepped() -> Found {
        let result = SteppedResolution(root: root, path: path, flags: .path, mode: 0, resolve: .inRoot).open()
        if result < 0 { return .failure(result) }
        let descriptor = OwnedFD(result)
        return Found(descriptor.raw)
    }

    /// The place of a mount (``RootPath``).
    func made(_ kind: RootPath.Kind) -> String? {
        let before = kernel()
        let steps = stepped()
        if steps != before { return "the kernel finds \(before), in steps \(steps)" }
        let mine: Found
        do throws(CFSError) {
            let descriptor = try RootPath.openOrMake(path, root: root, kind: kind)
            mine = Found(descriptor.raw)
        } catch {
            return before.isThere ? "the kernel finds it, we fail: \(error)" : nil
        }
        if before.isThere, before != mine { return "the kernel finds \(before), we \(mine)" }
        let after = kernel()
        // A slash after what is or became a file, in the path or in a link: whoever mounts there hears of it.
        if after == .failure(-ErrorCode.notDirectory), !mine.isFolder { return nil }
        return after == mine ? nil : "made \(mine), the kernel finds \(after)"
    }
}
