import CFSModel

/// A source whose next bytes can be looked at before they are taken.
public final class PeekingSource: ByteSource {
    private let source: any ByteSource
    private let buffer: RawBuffer
    private var start = 0
    private var end = 0
    private var ended = false

    /// - Parameter capacity: the most that can be looked at, in bytes.
    public init(_ source: any ByteSource, capacity: Int = 256 << 10) {
        self.source = source
        buffer = RawBuffer(capacity)
    }

    /// The next bytes, up to `count`; fewer only at the end. They stay.
    public func peek(_ count: Int) throws(CFSError) -> [UInt8] {
        let window = try window(atLeast: count)
        return Array(window.prefix(count))
    }

    /// What is buffered, after reading until `count` bytes are (fewer only at the end). Valid until the next call.
    func window(atLeast count: Int) throws(CFSError) -> UnsafeRawBufferPointer {
        let wanted = min(count, buffer.count)
        if end - start < wanted {
            if start > 0 {
                buffer.start.copyMemory(from: buffer.start + start, byteCount: end - start)
                end -= start
                start = 0
            }
            while end < wanted && !ended {
                let got = try source.read(into: buffer.slice(end..<buffer.count))
                if got == 0 { ended = true }
                end += got
            }
        }
        return UnsafeRawBufferPointer(buffer.slice(start..<end))
    }

    /// Takes bytes that a window showed.
    func consume(_ count: Int) { start += min(count, end - start) }

    public func read(into target: UnsafeMutableRawBufferPointer) throws(CFSError) -> Int {
        if target.isEmpty { return 0 }
        if start == end {
            if ended { return 0 }
            // What would fill the buffer anyway need not pass through it.
            if target.count >= buffer.count / 4 {
                let got = try source.read(into: target)
                if got == 0 { ended = true }
                return got
            }
            if try window(atLeast: 1).isEmpty { return 0 }
        }
        let count = min(target.count, end - start)
        target.copyMemory(from: UnsafeRawBufferPointer(buffer.slice(start..<(start + count))))
        start += count
        return count
    }

    /// Passes over bytes.
    ///
    /// - Returns: how many there were: fewer than `count` only at the end.
    func skip(_ count: UInt64) throws(CFSError) -> UInt64 {
        var left = count
        while left > 0 {
            let window = try window(atLeast: 1)
            if window.isEmpty { break }
            let step = min(left, UInt64(window.count))
            consume(Int(step))
            left -= step
        }
        return count - left
    }

    /// Passes over zero bytes.
    func skipZeros() throws(CFSError) {
        while true {
            let window = try window(atLeast: 1)
            if window.isEmpty { return }
            guard let first = window.firstIndex(where: { $0 != 0 }) else {
                consume(window.count)
                continue
            }
            consume(first)
            return
        }
    }
}
