import CFSLinux
import CFSModel
import Glibc
import TestSupport
import Testing

@testable import CFSNamespaces

@Suite("The overlay of a kernel that takes layers by path only", .enabled(if: geteuid() == 0, "mounting needs root"))
struct OverlayByPathTests {
    private let folder = TemporaryDirectory()

    init() {
        for name in ["upper", "work"] { folder.makeFolder(name) }
    }

    /// Makes the overlay in a thread with mounts of its own, and gives what `look` sees of it.
    private func mounted<Seen>(
        layers names: [String], work: String = "work", _ look: @escaping (_ overlay: Int32) throws -> Seen
    ) throws -> Seen {
        let (seen, before, after) = try withPrivateMounts {
            var layers: [SharedFD] = []
            for name in names { layers.append(SharedFD(try Mounting.cloneTree(folder(name)))) }
            let overlay = OverlayByPath(layers: layers, upper: folder("upper"), work: folder(work), volatile: false)
            let before = Surroundings()
            let seen = Result {
                let mount = try overlay.mount()
                return try look(mount.raw)
            }
            return (seen, before, Surroundings())
        }
        #expect(after == before, "the mounts, the root and the working directory are not what they were")
        return try seen.get()
    }

    private struct Surroundings: Equatable {
        let mounts = textOfFile("/proc/thread-self/mountinfo")
        let places = ["root", "cwd", "ns/mnt"].map { name in
            var status = stat()
            stat("/proc/thread-self/\(name)", &status)
            return [UInt64(status.st_dev), UInt64(status.st_ino)]
        }
    }

    private static func text(_ name: String, _ overlay: Int32) throws -> String {
        String(decoding: try File.readAll(at: name, below: overlay), as: UTF8.self)
    }

    @Test("the topmost layer is seen first, and what is written goes to the upper folder")
    func order() throws {
        folder.write("top", to: "top/both")
        folder.write("low", to: "low/both")
        folder.write("low", to: "low/lower")
        folder.write("mine", to: "upper/own")
        let seen = try mounted(layers: ["top", "low"]) { overlay in
            try File.create("new", Array("new".utf8), mode: 0o644, at: overlay)
            return [
                try Self.text("both", overlay), try Self.text("lower", overlay), try Self.text("own", overlay),
            ]
        }
        #expect(seen == ["top", "low", "mine"])
        #expect(textOfFile(folder("upper/new")) == "new")
        #expect(namesInFolder(folder("low")) == ["both", "lower"])
    }

    @Test("as many layers as an image has in practice")
    func many() throws {
        let names = (0..<120).map { "layer\($0)" }
        for name in names { folder.write(name, to: "\(name)/\(name)") }
        let seen = try mounted(layers: names) { overlay in try names.map { try Self.text($0, overlay) } }
        #expect(seen == names)
    }

    @Test("more than its options can name is an error that says so")
    func tooMany() throws {
        let names = (0..<240).map { "layer\($0)" }
        for name in names { folder.makeFolder(name) }
        let error = #expect(throws: CFSError.self) { try mounted(layers: names) { _ in } }
        #expect(error?.code == .kernelUnsupported)
        #expect(error?.message == "this kernel cannot stack 240 layers")
    }

    @Test("a failure on the way leaves everything as it was")
    func failure() throws {
        folder.makeFolder("low")
        let error = #expect(throws: CFSError.self) { try mounted(layers: ["low"], work: "missing") { _ in } }
        #expect(error?.path == folder("missing"))
    }
}
