import CFSLinux
import CFSModel
import Glibc

/// Writes one blob under a temporary name and computes its digest meanwhile; the file goes with a writer that was not
/// finished.
public final class BlobWriter: ByteSink {
    private let folder: StoreFolder
    private let temporary: String
    private let file: SharedFD
    private let sink: FileSink
    private var hash = SHA256Stream()
    private var isFinished = false

    /// - Parameter folder: that of the finished blobs, so that a rename is enough.
    init(in folder: StoreFolder) throws(CFSError) {
        self.folder = folder
        temporary = folder.temporaryName()
        let fd = try File.open(temporary, [.write, .create, .exclusive, .noFollow], mode: 0o600, phase: .recording)
        sink = FileSink(try fd.duplicate(), path: temporary)
        file = SharedFD(fd)
    }

    deinit { if !isFinished { unlink(temporary) } }

    public func write(_ bytes: UnsafeRawBufferPointer) throws(CFSError) {
        hash.update(bytes)
        try sink.write(bytes)
    }

    /// Makes the blob appear under its digest, durable across a power cut. Nothing may be written afterwards.
    ///
    /// - Parameter expected: what the bytes have to be; nil for whatever they are.
    /// - Returns: the digest, and the size in bytes.
    /// - Throws: `digestMismatch`, and then the bytes are gone.
    public func finish(expecting expected: Digest?) throws(CFSError) -> (digest: Digest, size: UInt64) {
        let digest = try hash.digest()
        if let expected, digest != expected {
            throw CFSError(
                .digestMismatch, .importing, "the content has the digest \(digest), not \(expected)",
                hint: "the file is damaged or was changed: fetch it again")
        }
        // The bytes first: a name whose file is empty after a power cut would pass for the blob.
        try Directory.synchronize(file.raw)
        let target = folder.path(of: digest)
        try checked(rename(temporary, target) == 0 ? 0 : -Int(errno), "rename", .recording, path: target)
        isFinished = true
        try folder.synchronize()
        return (digest, hash.count)
    }
}
