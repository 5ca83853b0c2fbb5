/// What is kept of a container's output: in files that take turns, each of which grows to a limit.
public struct LogPolicy: Sendable, Hashable {
    /// The most files that a log may have.
    public static let mostFiles = 1000

    /// Whether a log is kept at all.
    public var isKept = true
    /// A file of the log grows to this many bytes; then the next one begins.
    public var fileSize: UInt64 = 64 << 20
    /// The number of files, 1 to ``mostFiles``, among them the one that grows: when there are more, the oldest goes.
    public var fileCount = 2

    public init() {}
}
