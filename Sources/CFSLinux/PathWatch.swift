import CFSModel
import Glibc

/// Tells that something has changed at paths (inotify(7)), not what: whoever hears of it looks for himself.
public final class PathWatch: Sendable {
    public struct Change: OptionSet, Sendable {
        public let rawValue: UInt32
        public init(rawValue: UInt32) { self.rawValue = rawValue }
        private init(_ mask: Int) { rawValue = UInt32(mask) }
        public static let modified = Change(Int(IN_MODIFY))
        public static let created = Change(Int(IN_CREATE))
        public static let deleted = Change(Int(IN_DELETE))
        /// The watched path itself.
        public static let deletedSelf = Change(Int(IN_DELETE_SELF))
        public static let movedFrom = Change(Int(IN_MOVED_FROM))
        public static let movedTo = Change(Int(IN_MOVED_TO))
    }

    private let file: SharedFD

    public init() throws(CFSError) {
        let made = inotify_init1(Int32(O_CLOEXEC | O_NONBLOCK))
        file = SharedFD(OwnedFD(try checked(made == -1 ? -Int(errno) : Int(made), "inotify_init1", .looking)))
    }

    /// Ready for reading when something has changed; ``take()`` ends that.
    public var descriptor: Int32 { file.raw }

    /// Watches one more path from now on.
    public func add(_ path: String, _ changes: Change) throws(CFSError) {
        let watch = inotify_add_watch(file.raw, path, changes.rawValue)
        try checked(watch == -1 ? -Int(errno) : 0, "inotify_add_watch", .looking, path: path)
    }

    /// The same for a path that somebody may take away at any moment.
    ///
    /// - Returns: false when it is not there.
    public func addIfThere(_ path: String, _ changes: Change) throws(CFSError) -> Bool {
        do throws(CFSError) { try add(path, changes) } catch {
            guard error.errno == ENOENT else { throw error }
            return false
        }
        return true
    }

    /// Forgets what has changed until now. Never waits; nothing may have changed.
    public func take() throws(CFSError) {
        do throws(CFSError) {
            _ = try File.read(file.raw, atMost: 16 << 10)
        } catch {
            guard error.errno == EAGAIN else { throw error }
        }
    }

    /// Waits until something has changed.
    public func wait() throws(CFSError) {
        let poll = try EventPoll()
        try poll.add(file.raw, .readable, token: 0)
        _ = try poll.wait()
        try take()
    }
}
