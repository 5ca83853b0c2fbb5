import CFSModel

/// How to fetch an image from the address in the catalogue.
public struct FetchOptions: Sendable {
    /// How to import what was fetched.
    public var importing = ImportOptions()
    /// The digest of the file behind the address; nil takes the catalogue's. Without any, nothing is fetched.
    public var digest: Digest?
    /// Bytes that the file may have.
    public var sizeLimit: UInt64 = 8 << 30
    /// Seconds to wait for a connection.
    public var connectTimeout = 15
    /// Seconds without a single byte after which the server counts as gone.
    public var idleTimeout = 60

    public init() {}
}
