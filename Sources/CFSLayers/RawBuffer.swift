/// Memory of a fixed size and address, freed with its last owner.
final class RawBuffer {
    let start: UnsafeMutableRawPointer
    let count: Int

    init(_ count: Int) {
        self.count = count
        start = .allocate(byteCount: count, alignment: 16)
    }

    deinit { start.deallocate() }

    var all: UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(start: start, count: count) }

    func slice(_ range: Range<Int>) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(start: start + range.lowerBound, count: range.count)
    }
}
