import CFSLinux
import CFSModel
import Glibc

/// Which run folder a root is used with: the link `run` in the root leads there.
///
/// Whether a container runs, its run folder alone says. An engine that looks into another one would take what runs for
/// ended, and remove it.
struct RunMark {
    private let root: String
    private let run: String
    private var path: String { "\(root)/run" }

    /// - Parameter options: with plain, absolute paths.
    init(_ options: EngineOptions) {
        root = options.root
        run = options.run
    }

    /// Whether the root is to be marked: one that has no mark, and one whose run folder is gone, or knows none of its
    /// containers, as after a start of the machine. One system call where both are used together as ever.
    ///
    /// - Throws: `conflict` when the other run folder has containers of this root.
    func isDue() throws(CFSError) -> Bool {
        guard let marked = read(), marked != run else { return false }
        if marked.isEmpty { return true }
        // Another name of the same folder.
        if let other = File.statusIfThere(marked, followLinks: true),
            let own = File.statusIfThere(run, followLinks: true), other.isSameFile(as: own)
        {
            return false
        }
        guard isInUse(marked) else { return true }
        throw CFSError(
            .conflict, .looking,
            "\(root) has containers whose run folder is \(marked): here, with \(run), nobody could tell whether they run",
            path: marked,
            hint: "use --run \(marked) (or CFS_RUN): another run folder can be used when nothing is left in that one")
    }

    /// Marks the root. Who may not write there, or finds no room, leaves that to the next one.
    func write() throws(CFSError) {
        if symlink(run, path) == 0 || errno != EEXIST { return }
        // The former mark; or somebody was faster, whose containers count.
        if try isDue() { replace() }
    }

    /// Empty when there is no mark; nil when it cannot be read: nothing else of the root can be, then.
    private func read() -> String? {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(path, &buffer, buffer.count - 1)
        if count > 0 { return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self) }
        return errno == ENOENT ? "" : nil
    }

    /// Whether a run folder has one for a container of this root. One that cannot be read may have.
    private func isInUse(_ run: String) -> Bool {
        do throws(CFSError) {
            let folder = try Directory.open(run)
            return try Directory.names(folder.raw).contains {
                ContainerID($0) != nil && File.exists("\(root)/containers/\($0)")
            }
        } catch {
            return error.errno != ENOENT && error.errno != ENOTDIR
        }
    }

    private func replace() {
        let new = "\(path).\(getpid()).partial"
        guard symlink(run, new) == 0 else { return }
        if rename(new, path) != 0 { _ = unlink(new) }
    }
}
