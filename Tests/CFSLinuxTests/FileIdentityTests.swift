import CFSModel
import Glibc
import TestSupport
import Testing

@testable import CFSLinux

@Suite("Making files as somebody else", .enabled(if: geteuid() == 0, "only root can be anybody"))
struct FileIdentityTests {
    private func make(_ path: String) throws(CFSError) -> Owner {
        let file = try File.open(path, [.write, .create, .exclusive], mode: 0o600)
        let status = try File.status(at: file.raw)
        return Owner(uid: status.uid, gid: status.gid)
    }

    private struct Owner: Equatable {
        var uid, gid: UInt32
    }

    @Test("files belong to the other user, also where only root may write, and afterwards to root again")
    func owners() throws {
        let folder = TemporaryDirectory()
        chmod(folder.path, 0o700)
        let made = try FileIdentity.run(uid: 70_001, gid: 70_002) { () throws(CFSError) in
            let owner = try make(folder("theirs"))
            // With all capabilities, though the number is not root's.
            let changed = chown(folder("theirs"), 5, 6)
            try checked(changed == 0 ? 0 : -Int(errno), "chown", .preparing)
            return owner
        }
        #expect(made == Owner(uid: 70_001, gid: 70_002))
        #expect(try make(folder("ours")) == Owner(uid: 0, gid: 0))
    }

    @Test("what is thrown comes through, and the user is root again")
    func failure() throws {
        let folder = TemporaryDirectory()
        #expect(throws: CFSError.self) {
            try FileIdentity.run(uid: 70_001, gid: 70_001) { () throws(CFSError) in
                throw CFSError(.noSpace, .recording, "full")
            }
        }
        #expect(try make(folder("ours")) == Owner(uid: 0, gid: 0))
        #expect(try FileIdentity.run(uid: 0, gid: 0) { () throws(CFSError) in try make(folder("root")) }.uid == 0)
    }
}
