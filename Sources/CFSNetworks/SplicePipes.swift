import CFSLinux
import CFSModel
import CLinux
import Glibc

/// A pipe through which bytes go from one socket to another within the kernel (splice(2)).
final class SplicePipe {
    let reading: SharedFD
    let writing: SharedFD

    init() throws(CFSError) {
        var ends: [Int32] = [-1, -1]
        try checked(Int(cfs_pipe(&ends)), "pipe2", .running)
        (reading, writing) = (SharedFD(OwnedFD(ends[0])), SharedFD(OwnedFD(ends[1])))
    }

    /// splice(2) that waits for neither side: a count, or minus the error number.
    static func splice(_ from: Int32, _ to: Int32, _ count: Int) -> Int {
        while true {
            // SPLICE_F_MOVE and SPLICE_F_NONBLOCK
            let moved = rawCall(cfs_nr_splice, Int(from), 0, Int(to), 0, count, 0x1 | 0x2)
            if moved != -ErrorCode.interrupted { return moved }
        }
    }
}

/// Empty pipes that wait for use. A connection has one only while bytes are in it: one that is idle costs two descriptors and
/// not six.
final class SplicePipes {
    private static let kept = 4
    private var idle: [SplicePipe] = []

    func take() throws(CFSError) -> SplicePipe { if let pipe = idle.popLast() { pipe } else { try SplicePipe() } }

    /// - Parameter pipe: empty.
    func put(_ pipe: SplicePipe) { if idle.count < Self.kept { idle.append(pipe) } }
}

/// One way of a connection: from one socket to the other, as fast as both go.
struct SpliceStream {
    /// Bytes for one call: other connections have their turn.
    private static let budget = 1 << 20
    /// As much as a pipe holds (pipe(7)).
    private static let step = 64 << 10

    enum State { case open, ended, broken }

    private(set) var state = State.open
    /// There only while bytes are in it.
    private var pipe: SplicePipe?
    private var held = 0
    private var sourceHasEnded = false

    /// Whether it waits for the sink, or else for the source.
    var waitsForSink: Bool { held > 0 }
    var waitsForSource: Bool { state == .open && held == 0 }

    /// Moves what can be moved. The end of the source becomes the sink's, once everything before it has gone.
    mutating func move(from source: Int32, to sink: Int32, _ pipes: SplicePipes) {
        var rest = Self.budget
        while state == .open, rest > 0 {
            if held == 0 {
                guard fill(from: source, pipes) else { break }
                if sourceHasEnded {
                    end(sink)
                    break
                }
            }
            guard let pipe else { break }
            let moved = SplicePipe.splice(pipe.reading.raw, sink, held)
            if moved == -ErrorCode.again { break }
            guard moved > 0 else { return breakOff() }
            held -= moved
            rest -= moved
        }
        if held == 0, let pipe {
            pipes.put(pipe)
            self.pipe = nil
        }
    }

    /// Whether there is something, be it the end.
    private mutating func fill(from source: Int32, _ pipes: SplicePipes) -> Bool {
        if pipe == nil {
            do throws(CFSError) { pipe = try pipes.take() } catch {
                breakOff()
                return false
            }
        }
        guard let pipe else { return false }
        let moved = SplicePipe.splice(source, pipe.writing.raw, Self.step)
        if moved == -ErrorCode.again { return false }
        guard moved >= 0 else {
            breakOff()
            return false
        }
        held = moved
        sourceHasEnded = moved == 0
        return true
    }

    private mutating func end(_ sink: Int32) {
        state = .ended
        _ = shutdown(sink, Int32(SHUT_WR))
    }

    private mutating func breakOff() {
        state = .broken
        // What is in it belongs to nobody else.
        if held > 0 { pipe = nil }
    }
}
