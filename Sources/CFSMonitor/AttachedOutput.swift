import CFSLinux
import CFSModel
import CLinux
import Glibc

/// One output of an attached client: a pipe that is never waited for. What it cannot take is skipped and counted, until the
/// client has read some of it.
final class AttachedOutput {
    /// The size that its pipe gets, in bytes, where the kernel allows it: `pipe-max-size` of proc(5) as it is by default.
    static let pipeSize: Int32 = 1 << 20
    /// F_SETPIPE_SZ of fcntl(2).
    private static let setPipeSize: Int32 = 1031

    private var pipe: SharedFD?
    private let token: UInt64
    private var isWatched = false
    private var skipped = 0
    /// Whether the pipe was full, and nobody has read of it since.
    private(set) var isBehind = false

    /// - Parameters:
    ///   - pipe: the writing end, for this process alone.
    ///   - token: of the poll's event that there is room.
    /// - Throws: `.invalidArgument` for what is no pipe: only of that it is sure that nobody else feels that it does not block.
    init(_ pipe: SharedFD, token: UInt64) throws(CFSError) {
        try AttachedClient.checkPipe(pipe)
        // Refused beyond `pipe-user-pages-soft` (pipe(7)): then it is as large as it was.
        _ = fcntl(pipe.raw, Self.setPipeSize, Self.pipeSize)
        self.pipe = pipe
        self.token = token
    }

    /// Gives the client what it can take.
    func take(_ bytes: UnsafeRawBufferPointer) {
        guard let pipe else { return }
        var rest = bytes
        while !rest.isEmpty, !isBehind {
            let count = File.write(pipe.raw, rest)
            if count == -ErrorCode.again {
                isBehind = true
            } else if count > 0 {
                rest = UnsafeRawBufferPointer(rebasing: rest[count...])
            } else {
                // Nobody reads any more.
                self.pipe = nil
                return
            }
        }
        skipped += rest.count
    }

    /// Asks to be told when the client has read.
    func watch(_ poll: borrowing EventPoll) throws(CFSError) {
        guard let pipe, isBehind, !isWatched else { return }
        isWatched = try poll.add(pipe.raw, .writable, token: token)
    }

    /// The client has read, or has gone.
    func catchUp(_ poll: borrowing EventPoll) {
        if isWatched, let pipe { poll.remove(pipe.raw) }
        isWatched = false
        isBehind = false
    }

    /// The end: the client sees it when it has read what lies in the pipe.
    func close(_ poll: borrowing EventPoll) {
        catchUp(poll)
        pipe = nil
    }

    /// How many bytes were skipped since this was asked last.
    func takeSkipped() -> Int {
        defer { skipped = 0 }
        return skipped
    }

    /// Puts back what could not be told.
    func putBack(_ count: Int) { skipped += count }
}
