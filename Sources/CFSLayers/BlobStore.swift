import CFSLinux
import CFSModel
import Glibc

/// Blobs by digest below `root/blobs/sha256`. A blob appears whole or not at all, and is never modified.
///
/// Whoever adds or removes holds a lock of its own among all processes; reading needs none.
public struct BlobStore: Sendable {
    private let folder: StoreFolder

    /// - Parameter root: made when the first blob is written.
    public init(root: String) { folder = StoreFolder(path: "\(root)/blobs/sha256") }

    /// Where a blob lies, whether it is there or not.
    public func path(of digest: Digest) -> String { folder.path(of: digest) }

    /// Takes the bytes of a new blob.
    public func makeWriter() throws(CFSError) -> BlobWriter {
        try folder.make()
        return try BlobWriter(in: folder)
    }

    /// Opens a blob, whose bytes were verified when they were written.
    public func open(_ digest: Digest) throws(CFSError) -> FileSource { try FileSource(path: path(of: digest)) }

    /// The whole blob, verified once more: what stands in it is going to be believed.
    ///
    /// - Parameter limit: in bytes.
    /// - Throws: `digestMismatch` when the file was changed, `limitExceeded` when it is larger.
    public func read(_ digest: Digest, limit: Int) throws(CFSError) -> [UInt8] {
        let bytes = try open(digest).readAll(limit: limit)
        guard try SHA256Stream.digest(of: bytes) == digest else {
            throw CFSError(
                .digestMismatch, .looking, "the stored blob \(path(of: digest)) is damaged", path: path(of: digest),
                hint: "remove the image and import it again")
        }
        return bytes
    }

    /// The digests of all blobs, sorted.
    public func all() throws(CFSError) -> [Digest] { try folder.digests() }

    /// Removes a blob; one that is gone already is fine.
    public func remove(_ digest: Digest) throws(CFSError) { try Directory.removeTree(path(of: digest)) }

    /// Removes what writers that were killed have left. Only for whoever holds the lock: a writer at work would lose
    /// its file.
    ///
    /// - Returns: how many.
    @discardableResult
    public func removeLeftovers() throws(CFSError) -> Int { try folder.removeUnfinished() }
}
