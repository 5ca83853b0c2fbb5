import CFSLinux
import Testing

@testable import CFSNamespaces

@Suite("Options of mounts")
struct MountOptionsTests {
    @Test("each word sets or clears its attribute")
    func attributes() {
        let words: [(String, String, Mounting.Attributes)] = [
            ("ro", "rw", .readOnly), ("nosuid", "suid", .noSetUID), ("nodev", "dev", .noDevices),
            ("noexec", "exec", .noExecute),
            ("nodiratime", "diratime", .noDirectoryAccessTime), ("nosymfollow", "symfollow", .noSymlinkFollow),
        ]
        for (on, off, attribute) in words {
            #expect(MountOptions([on]).set == attribute)
            #expect(MountOptions([on]).clear == [])
            #expect(MountOptions([off]).clear == attribute)
            #expect(MountOptions([off]).set == [])
            #expect(!MountOptions([on]).recursiveAttributes)
            #expect(MountOptions(["r\(on)"]).set == attribute)
            #expect(MountOptions(["r\(on)"]).recursiveAttributes)
        }
    }

    @Test("of two words that contradict each other the last counts")
    func last() {
        #expect(MountOptions(["ro", "rw"]).set == [])
        #expect(MountOptions(["ro", "rw"]).clear == .readOnly)
        #expect(MountOptions(["rw", "ro", "nosuid"]).set == [.readOnly, .noSetUID])
    }

    @Test("access times are one choice: a new one clears the bits of all")
    func accessTimes() {
        #expect(MountOptions(["noatime"]).set == .noAccessTime)
        #expect(MountOptions(["noatime"]).clear == .accessTimes)
        #expect(MountOptions(["noatime", "strictatime"]).set == .strictAccessTime)
        #expect(MountOptions(["strictatime", "noatime", "nodiratime"]).set == [.noAccessTime, .noDirectoryAccessTime])
        #expect(MountOptions(["noatime", "relatime"]).set == [])
        #expect(MountOptions(["relatime"]).clear == .accessTimes)
        #expect(MountOptions(["rnoatime"]).set == .noAccessTime)
        #expect(MountOptions(["rnoatime"]).recursiveAttributes)
    }

    @Test("bind, propagation and id map are told apart from attributes")
    func kinds() {
        #expect(MountOptions(["bind"]).isBind && !MountOptions(["bind"]).isRecursiveBind)
        #expect(MountOptions(["rbind"]).isBind && MountOptions(["rbind"]).isRecursiveBind)
        for word in ["private", "rprivate", "shared", "rshared", "slave", "rslave", "unbindable", "runbindable"] {
            #expect(MountOptions([word]).propagation?.rawValue == word)
        }
        #expect(MountOptions(["idmap"]).idMapped && MountOptions(["ridmap"]).idMapped)
        #expect(!MountOptions(["bind"]).idMapped)
    }

    @Test("what is left is for the file system, in its order; what means nothing is not")
    func data() {
        #expect(
            MountOptions(["defaults", "size=64k", "nosuid", "mode=1777", "newinstance", "async"]).data == [
                "size=64k", "mode=1777", "newinstance",
            ])
        #expect(MountOptions(["RO", "ro=1", "", "r"]).data == ["RO", "ro=1", "", "r"])
    }
}
