import CFSModel
import TestSupport
import Testing

@testable import CFSImages

@Suite("Errors of the store")
struct StoreErrorTests {
    @Test("a full disk is told with the store's folder and what makes room; anything else stays as it is")
    func fullStore() {
        let full = CFSError(
            .noSpace, .unpacking, "pwrite of usr/large failed", systemCall: "pwrite", path: "usr/large", errno: 28)
        let told = full.naming(fullStore: "/srv/cfs")
        #expect(
            told.description == "there is no space left for the image in /srv/cfs (pwrite: No space left on device)")
        #expect(told.path == "/srv/cfs" && told.code == .noSpace)
        #expect(
            told.hint
                == "make room there, for example with cfs system prune, or keep images elsewhere: --root or CFS_ROOT")
        let other = CFSError(.invalidArchive, .unpacking, "the tar archive ends too early")
        #expect(other.naming(fullStore: "/srv/cfs") == other)
    }

    @Test("what fails while the store is changed is told so")
    func change() {
        let fixture = ImageFixture()
        let error = failure { () throws(CFSError) in
            try fixture.store.change(.standard) { _ throws(CFSError) -> Void in
                throw CFSError(.noSpace, .unpacking, "pwrite of usr/large failed", path: "usr/large", errno: 28)
            }
        }
        #expect(error?.path == fixture.folder("store"))
    }

    @Test("a file without a name is called what its bytes came from")
    func naming() {
        let error = CFSError(.invalidArchive, .importing, "/proc/self/fd/7 is empty", path: "/proc/self/fd/7")
        #expect(error.naming("/proc/self/fd/7", "standard input").message == "standard input is empty")
        #expect(error.naming("/proc/self/fd/8", "standard input") == error)
    }
}
