import CFSLinux
import CFSModel
import TestSupport
import Testing

@testable import CFSNamespaces

@Suite("Who a command runs as")
struct IdentityResolutionTests {
    private static let maps = [IDMapping(container: 0, host: 100_000, size: 65_536)]
    private let folder = TemporaryDirectory()

    private func resolve(_ user: ProcessPlan.User, _ maps: [IDMapping] = maps) throws -> ProcessEntry.Identity {
        let root = try Directory.open(folder.path)
        return try ProcessEntry.Identity.resolve(user, root: root.raw, uids: maps, gids: maps)
    }

    @Test("numbers are taken as they are, names are looked up in the container")
    func kinds() throws {
        folder.write("web:x:33:34::/srv:/bin/sh\n", to: "etc/passwd")
        #expect(try resolve(.ids(uid: 5, gid: 6, groups: [7])) == .init(uid: 5, gid: 6, groups: [7], home: "/"))
        #expect(try resolve(.named("web")) == .init(uid: 33, gid: 34, groups: [], home: "/srv"))
    }

    @Test("more groups come behind those of the user, by the names of the container's own file or by number")
    func groups() throws {
        folder.write("web:x:33:34::/srv:/bin/sh\n", to: "etc/passwd")
        folder.write("audio:x:29:\nvideo:x:44:web\n", to: "etc/group")
        #expect(try resolve(.named("web", groups: ["audio", "7", "video", "7"])).groups == [44, 29, 7])
        // With a group of its own a user has no others, but those that are asked for.
        #expect(try resolve(.named("web:5", groups: ["audio"])) == .init(uid: 33, gid: 5, groups: [29], home: "/srv"))
        for group in ["nobody-s", "65536", "-1", "4294967295", "29x", ""] {
            #expect(throws: CFSError.self, "\(group)") { try resolve(.named("web", groups: [group])) }
        }
        let missing = #expect(throws: CFSError.self) { try resolve(.named("", groups: ["lp"])) }
        #expect(missing?.message == "the group \"lp\" is not in the image's /etc/group")
    }

    @Test("an id that the container does not have is refused", arguments: [65_536, 100_000, 2_147_483_646] as [UInt32])
    func outside(id: UInt32) {
        #expect(throws: CFSError.self) { try resolve(.ids(uid: id, gid: 0, groups: [])) }
        #expect(throws: CFSError.self) { try resolve(.ids(uid: 0, gid: id, groups: [])) }
        #expect(throws: CFSError.self) { try resolve(.ids(uid: 0, gid: 0, groups: [1, id])) }
        #expect(throws: CFSError.self) { try resolve(.named("\(id)")) }
    }

    @Test("-1 is nobody's id, also where the container has all ids of the host: to the kernel it means root stays root")
    func minusOne() {
        let id = UInt32.max
        for user in [
            ProcessPlan.User.ids(uid: id, gid: 0, groups: []), .ids(uid: 0, gid: id, groups: []),
            .ids(uid: 0, gid: 0, groups: [id]),
        ] {
            #expect(throws: CFSError.self) { try resolve(user, []) }
        }
        folder.write("evil:x:4294967295:0::/:/bin/sh\nevil2:x:5:4294967295::/:/bin/sh\n", to: "etc/passwd")
        for name in ["evil", "evil2", "4294967295"] { #expect(throws: CFSError.self) { try resolve(.named(name), []) } }
    }
}
