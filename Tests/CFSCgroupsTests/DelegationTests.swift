import Glibc
import Testing

@testable import CFSCgroups

@Suite("What was delegated to a user")
struct DelegationTests {
    @Test(
        "the caller's own cgroup is that of version 2",
        arguments: [
            ("9:name=systemd:/x\n0::/user.slice/a.scope\n", "/user.slice/a.scope"), ("0::/\n", "/"),
            ("4:memory:/x\n", nil), ("0::/a (deleted)\n", nil), ("0::/../b\n", nil), ("", nil),
        ] as [(String, String?)])
    func own(text: String, path: String?) {
        #expect(Delegation.ownPath(text) == path)
    }

    @Test("it is the topmost cgroup above the caller's own that may be written to without a gap")
    func topmost() {
        let writable = [
            "/m/u/user@5.service", "/m/u/user@5.service/app.slice", "/m/u/user@5.service/app.slice/t.scope",
        ]
        let root = Delegation.root(below: "/m", from: "/u/user@5.service/app.slice/t.scope") { place in
            writable.contains { $0 == place || "\($0)/cgroup.procs" == place }
        }
        #expect(root == "/m/u/user@5.service")
    }

    @Test("a cgroup above that is not in one's hands ends the search, and what lies above it does not count")
    func gap() {
        let root = Delegation.root(below: "/m", from: "/a/b/c") { place in
            !place.hasPrefix("/m/a/b/cgroup") && !place.hasSuffix("/b")
        }
        #expect(root == "/m/a/b/c")
    }

    @Test("when its own is not writable, nothing is: processes could not be moved out of it")
    func none() {
        #expect(Delegation.root(below: "/m", from: "/a/b") { $0.hasPrefix("/m/a/c") } == nil)
        // The folder may be made writable while the file that moves processes is not.
        #expect(Delegation.root(below: "/m", from: "/a/b") { !$0.hasSuffix("cgroup.procs") } == nil)
    }

    @Test("in a cgroup namespace of its own it may be all of it")
    func namespace() {
        #expect(Delegation.root(below: "/m", from: "/") { _ in true } == "/m")
        #expect(Delegation.root(below: "/m", from: "/a") { _ in true } == "/m")
    }

    @Test("a process's parent is found behind whatever its name is")
    func parents() {
        #expect(Delegation.parent(inStat: "12 (a) b (c) S 7 12 12 0 -1") == 7)
        #expect(Delegation.parent(inStat: "12 (a)") == nil)
        let ancestry = Delegation.ancestry(of: getpid())
        #expect(ancestry.first == getpid())
        #expect(ancestry.dropFirst().first == getppid())
    }
}
