import CFSModel
import Glibc

/// Room on the disk that is kept for what makes room there: the file `reserve` in the engine's folder, whose blocks are
/// allocated. Removing a container writes a little before anything comes free, so on a full disk nothing could be removed.
public struct DiskReserve: Sendable, Hashable {
    /// In bytes. What a removal writes: the memory that SQLite's processes share (32 KiB), a dozen pages of the registry's
    /// log, a line of the journal; and that for several.
    public static let size = 256 << 10

    /// How much of it is given up.
    public enum Share: Sendable, Hashable {
        case all
        /// For one small file, 16 KiB, of the first half only: however many monitors tell of an end, something is left for the
        /// removal of their containers.
        case part

        /// The size that it has behind that, of one that it had.
        fileprivate func rest(of bytes: Int) -> Int {
            self == .all ? 0 : min(bytes, max(size / 2, bytes - (16 << 10)))
        }
    }

    public let path: String

    /// - Parameter root: the engine's folder (``path`` is in it).
    public init(root: String) { path = "\(root)/reserve" }

    /// Does what makes room, or tells of an end. Where the disk is full, gives the reserve up and does it once more: it must be
    /// something that can be begun anew. Also without a reserve: somebody else may just have given it up.
    ///
    /// - Throws: what `work` throws, at the second time when that was tried.
    public func lend<Result>(
        _ share: Share = .all, to work: () throws(CFSError) -> Result
    ) throws(CFSError) -> Result {
        do throws(CFSError) {
            return try work()
        } catch {
            guard error.code == .noSpace else { throw error }
        }
        giveUp(share)
        return try work()
    }

    private func giveUp(_ share: Share) {
        let opened = File.tryOpen(path, [.write, .noFollow])
        guard opened >= 0 else { return }
        let file = OwnedFD(opened)
        // Somebody else who gives it up may not make it shorter in between: it would grow, without blocks.
        _ = flock(file.raw, LOCK_EX)
        var status = stat()
        guard fstat(file.raw, &status) == 0 else { return }
        let rest = share.rest(of: status.st_size)
        if rest < status.st_size { _ = ftruncate(file.raw, rest) }
    }

    /// Makes the reserve, or makes it whole again, where there is room: four times as much as it takes. One stat(2) where it is
    /// whole. One that cannot be made keeps nobody from anything.
    public func make() {
        if let status = File.statusIfThere(path), status.blocks * 512 >= Int64(Self.size) { return }
        guard let room = DiskRoom(at: path.parentFolder), room.free >= UInt64(Self.size) * 4 else { return }
        let opened = File.tryOpen(path, [.write, .create, .noFollow], mode: 0o600)
        guard opened >= 0 else { return }
        let file = OwnedFD(opened)
        // fallocate(2); where the file system has none, glibc writes into each block.
        _ = posix_fallocate(file.raw, 0, off_t(Self.size))
    }
}
