import CFSLinux
import TestSupport
import Testing

@Suite("Mounts as the kernel tells them")
struct MountInfoTests {
    @Test("a line is read by its columns, with as many tags as there are")
    func columns() throws {
        for tags in ["", "shared:1 ", "shared:1 master:2 propagate_from:3 "] {
            let mount = try #require(
                MountInfo(line: "36 35 98:0 /mnt1 /mnt2 rw,noatime \(tags)- ext3 /dev/root rw,errors=continue"))
            #expect(mount.mountPoint == "/mnt2" && mount.options == ["rw", "noatime"] && mount.type == "ext3")
            #expect(mount.source == "/dev/root" && mount.superOptions == ["rw", "errors=continue"])
        }
    }

    @Test("a source that is a dash, or nothing, is no end of the tags", arguments: ["-", ""])
    func sources(source: String) throws {
        let mount = try #require(MountInfo(line: "36 35 0:30 / /cg rw shared:9 - cgroup2 \(source) rw,nsdelegate"))
        #expect(mount.type == "cgroup2" && mount.source == source && mount.superOptions == ["rw", "nsdelegate"])
    }

    @Test("what the kernel escapes is the byte again")
    func escapes() throws {
        let mount = try #require(
            MountInfo(line: #"36 35 0:5 / /a\040b\011c\012d\134e\043\134040 rw - tmpfs x\040y rw"#))
        #expect(mount.mountPoint == "/a b\tc\nd\\e#\\040")
        #expect(mount.source == "x y")
        #expect(MountInfo(line: #"36 35 0:5 / /a\04 rw - tmpfs \ rw"#)?.mountPoint == #"/a\04"#)
    }

    @Test(
        "another line is none",
        arguments: [
            "", "-", "x - cgroup2", "- cgroup2 cgroup2 rw", "36 35 0:5 / /a rw - tmpfs x", "1 2 3 4 5 6 7 8 9 10",
        ])
    func others(line: String) {
        #expect(MountInfo(line: Substring(line)) == nil)
    }

    @Test("this machine's own are all read")
    func own() throws {
        let text = try #require(textOfFile("/proc/self/mountinfo"))
        let mounts = MountInfo.all(in: text)
        #expect(mounts.count == text.split(separator: "\n").count)
        #expect(mounts.contains { $0.mountPoint == "/" })
    }
}
