import CFSLinux
import CFSModel
import Glibc
import TestSupport
import Testing

@testable import CFSCgroups

@Suite("Handing controllers down, played by folders")
struct ControllerHandDownTests {
    private let folder = TemporaryDirectory()
    private var hierarchy: CgroupHierarchy { CgroupHierarchy(mountPoint: folder.path, folder: folder("a/cfs")) }

    private func place(_ name: String, has controllers: String, hands handed: String) {
        folder.write("\(controllers)\n", to: "\(name)cgroup.controllers")
        folder.write(handed, to: "\(name)cgroup.subtree_control")
    }

    @Test("only what is needed and not yet there is handed down, from above")
    func missing() throws {
        place("", has: "cpu memory pids", hands: "memory pids")
        place("a/", has: "memory pids", hands: "pids")
        place("a/cfs/", has: "cpu memory", hands: "")
        try hierarchy.enable([.memory])
        #expect(textOfFile(folder("cgroup.subtree_control")) == "memory pids")
        #expect(textOfFile(folder("a/cgroup.subtree_control")) == "+memory")
        #expect(textOfFile(folder("a/cfs/cgroup.subtree_control")) == "+memory")
    }

    @Test("when all is there, nothing is touched")
    func complete() throws {
        place("a/cfs/", has: "cpu memory", hands: "cpu memory\n")
        try hierarchy.enable([.memory, .cpu])
        #expect(textOfFile(folder("a/cfs/cgroup.subtree_control")) == "cpu memory\n")
    }

    @Test("all that a folder has is handed down one by one, so that one which is refused keeps no other away")
    func all() throws {
        place("a/cfs/", has: "cpu memory", hands: "")
        try hierarchy.handDownAll()
        // A file that is no kernel's keeps what was written last, at its beginning.
        #expect(textOfFile(folder("a/cfs/cgroup.subtree_control")) == "+memory")
        #expect(textOfFile(folder("a/cgroup.subtree_control")) == nil)
    }

    @Test("a place that keeps a controller is named, with the setting that needs it")
    func notDelegated() throws {
        place("", has: "cpu memory", hands: "cpu memory")
        place("a/", has: "cpu memory", hands: "cpu")
        place("a/cfs/", has: "cpu", hands: "")
        #expect(chmod(folder("a/cgroup.subtree_control"), 0o444) == 0)
        var settings = CgroupSettings()
        settings.add(CgroupSetting("memory.max", "1", "--memory"))
        // Root may write to what nobody may: then the next place lacks it, as the played kernel hands nothing down.
        let error = #expect(throws: CFSError.self) { try hierarchy.enable([.memory], for: settings) }
        #expect(error?.code == .cgroupControllerUnavailable)
        #expect(
            error?.message.hasPrefix("--memory cannot be set: memory is not delegated to this user by \(folder.path)")
                == true)
        #expect(error?.hint?.contains("Delegate=memory") == true)
    }

    @Test("places lie between the mount point and the folder")
    func places() {
        #expect(hierarchy.places == [folder.path, folder("a"), folder("a/cfs")])
        #expect(CgroupHierarchy(mountPoint: "/m", folder: "/m").places == ["/m"])
    }

    @Test(
        "a parent counts from the mount point, or from where the engine's folder lies",
        arguments: [
            ("/x/y", "x/y"), ("/x//y/", "x/y"), ("x", "a/x"), ("./x/y", "a/x/y"), ("x.slice", "a/x.slice"),
        ])
    func parent(path: String, folder expected: String) throws {
        let below = try hierarchy.below(parent: path)
        #expect(below.folder == folder(expected))
        #expect(below.mountPoint == folder.path)
    }

    @Test(
        "a parent that leads upwards, is empty or has a kernel file's name is refused",
        arguments: [
            "", "/", ".", "..", "../x", "/x/../y", "x/..", "cgroup.procs", "/x/memory.max", "a\nb", "/x/../\u{301}y",
        ])
    func wrongParent(path: String) {
        let error = #expect(throws: CFSError.self) { try hierarchy.below(parent: path) }
        #expect(error?.code == .invalidArgument)
    }

    @Test(
        "an OCI path names the parent and the cgroup",
        arguments: [("/x/y/z", "x/y", "z"), ("y/z", "a/y", "z"), ("z", "a/cfs", "z"), ("/z", "", "z")])
    func cgroupsPath(path: String, parent: String, name: String) throws {
        let place = try hierarchy.place(ofCgroupsPath: path)
        #expect(place.name == name)
        #expect(place.hierarchy.folder == (parent.isEmpty ? folder.path : folder(parent)))
    }

    @Test(
        "an OCI path that leads upwards, or is in systemd's form, is refused",
        arguments: ["../x", "/", "system.slice:cri:abc", "a/../\u{301}x"])
    func wrongCgroupsPath(path: String) {
        let error = #expect(throws: CFSError.self) { try hierarchy.place(ofCgroupsPath: path) }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.hasPrefix("linux.cgroupsPath") == true)
    }
}
