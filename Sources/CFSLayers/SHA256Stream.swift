import CFSModel

import struct Crypto.SHA256

/// The SHA-256 of bytes that come in pieces (FIPS 180-4).
public struct SHA256Stream {
    private var hash = SHA256()
    /// Bytes taken so far.
    public private(set) var count: UInt64 = 0

    public init() {}

    public mutating func update(_ bytes: UnsafeRawBufferPointer) {
        hash.update(bufferPointer: bytes)
        count += UInt64(bytes.count)
    }

    public mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

    /// The digest of all bytes so far; more can follow.
    public func digest() throws(CFSError) -> Digest {
        guard let digest = Digest(bytes: hash.finalize()) else {
            throw CFSError(.invalidState, .unpacking, "SHA-256 did not give 32 bytes")
        }
        return digest
    }

    /// The digest of these bytes.
    public static func digest(of bytes: [UInt8]) throws(CFSError) -> Digest {
        var stream = SHA256Stream()
        stream.update(bytes)
        return try stream.digest()
    }
}

/// A sink that only computes a digest.
public final class DigestSink: ByteSink {
    private var stream = SHA256Stream()
    public init() {}

    public func write(_ bytes: UnsafeRawBufferPointer) throws(CFSError) { stream.update(bytes) }
    /// The digest of all bytes so far.
    public func digest() throws(CFSError) -> Digest { try stream.digest() }
    /// Bytes taken so far.
    public var count: UInt64 { stream.count }
}
