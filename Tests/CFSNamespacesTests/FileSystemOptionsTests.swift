import CFSLinux
import CFSModel
import Glibc
import TestSupport
import Testing

@testable import CFSNamespaces

@Suite("Options of file systems that are made", .enabled(if: geteuid() == 0, "mounting needs root"))
struct FileSystemOptionsTests {
    private static func make(_ type: String, _ options: [String]) throws(CFSError) -> OwnedFD {
        let plan = MountPlan(kind: .proc(options: options), target: "/place", maker: .child)
        let context = try FileSystemContext(type)
        try context.set(options, of: plan)
        return try context.mount(plan)
    }

    @Test("procfs does what subset=pid asks for")
    func subset() throws {
        let whole = try Self.make("proc", [])
        let part = try Self.make("proc", ["subset=pid", "hidepid=2"])
        let (sysOfWhole, sysOfPart) = (File.exists("sys", at: whole.raw), File.exists("sys", at: part.raw))
        #expect(sysOfWhole && !sysOfPart)
        #expect(File.exists("self", at: part.raw))
    }

    @Test(
        "what the kernel refuses is told with the mount and the option",
        arguments: [("proc", "hidepid=9"), ("tmpfs", "size=many"), ("tmpfs", "tmpcopyup"), ("devpts", "mode=rw")])
    func refused(type: String, option: String) throws {
        let error = #expect(throws: CFSError.self) { _ = try Self.make(type, [option]).release() }
        #expect(error?.message.contains("the mount at /place cannot have the option \"\(option)\"") == true)
        #expect(error?.path == "/place" && error?.errno == EINVAL)
    }

    @Test("a new file system has the propagation that was asked for")
    func propagation() throws {
        for (asked, isShared) in [(Mounting.Propagation.shared, true), (.rprivate, false)] {
            let folder = TemporaryDirectory()
            let line = try withPrivateMounts {
                let plan = MountPlan(
                    kind: .tmpfs(options: []), target: folder.path, propagation: asked, maker: .child)
                let tree = try FileSystemContext("tmpfs").mount(plan)
                let target = try File.open(folder.path, [.path, .directory])
                try Mounting.attach(tree.raw, onto: target.raw)
                let mounts = textOfFile("/proc/thread-self/mountinfo") ?? ""
                return mounts.split(separator: "\n").first { $0.contains(" \(folder.path) ") }.map(String.init)
            }
            #expect(line?.contains(" shared:") == isShared, "\(line ?? "it is not mounted")")
        }
    }
}
