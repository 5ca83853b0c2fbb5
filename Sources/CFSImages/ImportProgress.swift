/// How far an import or a fetch has come.
public struct ImportProgress: Sendable, Hashable {
    public enum Phase: String, Sendable, Hashable {
        /// Bytes come from the network.
        case downloading
        /// The archive or folder is read, verified and stored.
        case reading
        /// Layers are unpacked.
        case unpacking
        /// An image is put together from this machine's own files.
        case composing
    }

    public var phase: Phase
    /// Bytes of this phase that are done.
    public var done: UInt64
    /// Bytes of this phase; nil when nobody knows.
    public var total: UInt64?

    public init(_ phase: Phase, done: UInt64, total: UInt64?) {
        self.phase = phase
        self.done = done
        self.total = total
    }
}
