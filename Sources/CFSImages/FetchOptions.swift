import CFSModel

/// How to fetch an image from the address in the catalogue.
public struct FetchOptions: Sendable {
    /// How to import what was fetched.
    public var importing = ImportOptions()
    /// The digest of the file behind the address; nil takes the catalogue's. Without any, nothing is fetched.
    public var digest: Digest?
    /// Bytes that the file may have.
    public var sizeLimit: UInt64 = 8 << 30
    /// How long to wait for a connection.
    public var connectTimeout = Duration.seconds(15)
    /// How long the server may send not a single byte before it counts as gone.
    public var idleTimeout = Duration.seconds(60)

    public init() {}
}
