import CFSLinux
import Glibc
import Testing

@Suite("Descriptors with an owner")
struct OwnedFDTests {
    /// Whether a number is that of this open file: numbers are used again at once by other tests.
    private func isOpen(_ fd: Int32, _ identity: stat) -> Bool {
        var now = stat()
        return fstat(fd, &now) == 0 && now.st_ino == identity.st_ino && now.st_dev == identity.st_dev
    }

    private func pipe() -> (read: Int32, write: Int32, identity: stat) {
        var ends: [Int32] = [-1, -1]
        _ = Glibc.pipe(&ends)
        var identity = stat()
        fstat(ends[0], &identity)
        return (ends[0], ends[1], identity)
    }

    @Test("a descriptor is closed when its value ends, and not when it was given away")
    func closing() {
        let ends = pipe()
        do { _ = OwnedFD(ends.read) }
        #expect(!isOpen(ends.read, ends.identity))
        do {
            let owner = OwnedFD(ends.write)
            #expect(owner.release() == ends.write)
        }
        #expect(isOpen(ends.write, ends.identity))
        close(ends.write)
    }

    @Test("the last of several owners closes")
    func sharing() {
        let ends = pipe()
        var one: SharedFD? = SharedFD(OwnedFD(ends.read))
        var two = one
        one = nil
        #expect(isOpen(ends.read, ends.identity))
        two = nil
        #expect(!isOpen(ends.read, ends.identity))
        close(ends.write)
        _ = (one, two)
    }

    @Test("a copy is of the same file, under another number")
    func copy() throws {
        let ends = pipe()
        let owner = OwnedFD(ends.read)
        let copy = try owner.duplicate()
        #expect(copy.raw != owner.raw)
        #expect(isOpen(copy.raw, ends.identity))
        close(ends.write)
    }
}
