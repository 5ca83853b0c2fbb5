import CFSLinux
import Testing

@testable import CFSServer

@Suite("Who is at the other end of a port")
struct PeerCheckTests {
    private let own = SocketEnd(address: [127, 0, 0, 1], port: 1337)
    private let other = SocketEnd(address: [127, 0, 0, 1], port: 40_000)

    private func record(
        uid: UInt32 = 1000, inode: UInt32 = 7, state: SocketRecord.State? = .established
    ) -> SocketRecord {
        SocketRecord(state: state, uid: uid, inode: inode, cgroup: 1, own: other, other: own)
    }

    private func refusal(_ record: SocketRecord?, ownState: UInt8 = 1) -> String? {
        do {
            _ = try PeerCheck.uid(record, own: own, other: other, ownState: ownState, overflow: 65_534)
            return nil
        } catch {
            return error.reason
        }
    }

    @Test("the user of a connected socket")
    func user() throws {
        #expect(try PeerCheck.uid(record(), own: own, other: other, ownState: 1, overflow: 65_534) == 1000)
    }

    @Test("a closed socket is told as root's with the inode 0, and is nobody")
    func closed() { #expect(refusal(record(uid: 0, inode: 0)) == "the other end is closed") }

    @Test("no record at all")
    func none() { #expect(refusal(nil) == "the kernel knows no such socket") }

    @Test("a listener, which the kernel falls back to, is another socket")
    func listener() {
        var found = record(uid: 0, state: .listen)
        found.other = SocketEnd(address: [0, 0, 0, 0], port: 0)
        #expect(refusal(found) == "the kernel's record is of another socket")
    }

    @Test(
        "a socket that is not connected any more",
        arguments: [SocketRecord.State.timeWait, .close, .closeWait, .lastAck, .listen, .closing, .synSent])
    func states(state: SocketRecord.State) {
        #expect(refusal(record(state: state)) == "the other end is not connected")
    }

    @Test(
        "one that has closed its half may still wait for the answer",
        arguments: [SocketRecord.State.finWait1, .finWait2])
    func halfClosed(state: SocketRecord.State) { #expect(refusal(record(state: state), ownState: 8) == nil) }

    @Test("our own end must be connected")
    func ownEnd() { #expect(refusal(record(), ownState: 7) == "our own end is not connected") }

    @Test("the user that stands for those without a number is nobody")
    func overflow() { #expect(refusal(record(uid: 65_534)) == "a user without a number here") }

    @Test("a container's cgroup is told by our folder, or by a name that is a container's id")
    func grounds() {
        let grounds = ContainerGrounds(mountPoint: "/sys/fs/cgroup", folder: "/sys/fs/cgroup/cfs")
        let id = "e7887770-da8e-43db-9ca1-69526d144d7c"
        for path in ["/sys/fs/cgroup/cfs/\(id)", "/sys/fs/cgroup/cfs/\(id)/inner", "/sys/fs/cgroup/web.slice/\(id)/a"] {
            #expect(grounds.isContainer(path), "\(path)")
        }
        for path in [
            "/sys/fs/cgroup", "/sys/fs/cgroup/user.slice", "/sys/fs/cgroup/cfs-other", "/sys/fs/cgroup/cfsd.service",
        ] {
            #expect(!grounds.isContainer(path), "\(path)")
        }
    }

    @Test("members of the group cfs, by its list or by their own first group")
    func members() throws {
        let folder = TemporaryFiles()
        let users = try folder.write(
            "passwd", "root:x:0:0::/:/bin/sh\nann:x:1001:1001::/:\nbob:x:1002:77::/:\neve:x:1003:1003::/:\n")
        let groups = try folder.write("group", "root:x:0:\ncfs:x:77:ann,zoe\n")
        let group = CallerGroup(users: users, groups: groups)
        for uid in [0, 1001, 1002] as [UInt32] { try group.check(uid) }
        for uid in [1003, 4242] as [UInt32] { #expect(throws: Refusal.self) { try group.check(uid) } }
    }
}
