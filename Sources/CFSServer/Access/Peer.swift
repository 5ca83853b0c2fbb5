/// Who is at the other end of a connection: asked of the kernel once, when it was accepted.
struct Peer: Sendable, Hashable {
    enum Way: String, Sendable { case tcp, unix, tls }

    /// How he came.
    let way: Way
    /// His user; that of the daemon for one who showed a certificate.
    let uid: UInt32
    /// The names of `Host` that are ours; nil where any will do.
    let hosts: [String]?
    /// The process that connected, where the kernel says so.
    var process: Int32?
}
