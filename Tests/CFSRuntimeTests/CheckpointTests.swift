import CFSModel
import Glibc
import TestSupport
import Testing

@testable import CFSRuntime

@Suite("What CRIU is asked, and what an image says")
struct CheckpointTests {
    @Test("numbers, texts and messages are written as protobuf.dev shows them")
    func writing() {
        var inner = ProtobufMessage()
        inner.set(1, 150)
        #expect(inner.bytes == [0x08, 0x96, 0x01])
        var message = ProtobufMessage()
        message.set(2, "testing")
        #expect(message.bytes == [0x12, 0x07, 0x74, 0x65, 0x73, 0x74, 0x69, 0x6e, 0x67])
        message = ProtobufMessage()
        message.set(3, inner)
        #expect(message.bytes == [0x1a, 0x03, 0x08, 0x96, 0x01])
        message = ProtobufMessage()
        message.set(64, true)
        #expect(message.bytes == [0x80, 0x04, 0x01])
        message = ProtobufMessage()
        message.set(1, -2)
        #expect(message.bytes == [0x08, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01])
    }

    @Test("fields are read by their number, the last of several counts, and others are passed over")
    func reading() throws {
        let fields = try ProtobufFields([
            0x08, 0x01, 0x08, 0x96, 0x01, 0x1a, 0x03, 0x08, 0x96, 0x01, 0x25, 1, 2, 3, 4, 0x29, 1, 2, 3, 4, 5, 6, 7, 8,
            0x38,
            0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01,
        ])
        #expect(fields.number(1) == 150 && fields.number(7) == -2 && fields.number(2) == nil)
        let inner = try fields.message(3)
        #expect(inner?.number(1) == 150)
    }

    @Test(
        "what is no message is an error",
        arguments: [
            [0x08], [0x08, 0x80], [0x12, 0x02, 0x41], [0x0b], [0x25, 1, 2], [0x12, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
        ]
            as [[UInt8]])
    func broken(bytes: [UInt8]) {
        #expect(throws: CFSError.self) { try ProtobufFields(bytes) }
    }

    @Test("streams that were one file take what the container wrote to")
    func order() {
        #expect(InheritedDescriptors.order(["a", "a", "a"]) == [1, 2, 0])
        #expect(InheritedDescriptors.order(["a", "", "b"]) == [2, 0] && InheritedDescriptors.order([]) == [])
        var inherited = InheritedDescriptors()
        for number in InheritedDescriptors.order(["a", "a", "b"]) {
            inherited.add(Int32(number), key: ["a", "a", "b"][number])
        }
        #expect(inherited.entries.map(\.key) == ["a", "b"] && inherited.entries.map(\.from) == [1, 2])
    }

    @Test("a mount of an image comes from where the configuration has it, or from the nearest above")
    func sources() throws {
        let folder = TemporaryDirectory()
        _ = folder.makeFolder("data/a/b")
        symlink("/etc", folder("data/link"))
        var spec = RuntimeSpec(root: .init(path: "r", readonly: false), process: .init(args: ["true"]))
        spec.mounts = [
            RuntimeSpec.Mount(destination: "/data", type: "bind", source: folder("data"), options: ["rbind"]),
            RuntimeSpec.Mount(destination: "/data/in/", type: "", source: "/srv/in", options: ["bind"]),
            RuntimeSpec.Mount(destination: "/sys/fs/cgroup", type: "cgroup", source: "cgroup", options: []),
            RuntimeSpec.Mount(destination: "/tmp", type: "tmpfs", source: "tmpfs", options: []),
            RuntimeSpec.Mount(destination: "/dev", type: "tmpfs", source: "tmpfs", options: []),
        ]
        func source(_ name: String) throws -> String? {
            switch try CheckpointImage().source(of: name, spec, cgroup: "/sys/fs/cgroup/x") {
            case .host(let path): path
            case .devices: "devices"
            case nil: nil
            }
        }
        let found = try ["/data", "/data/a/b", "/data/in", "/sys/fs/cgroup"].map { try source($0) }
        #expect(found == [folder("data"), folder("data/a/b"), "/srv/in", "/sys/fs/cgroup/x"])
        // What is not mounted with all that lies below it has nothing there.
        for name in ["/tmp", "/other", "/dev", "/data/in/c", "/sys/fs/cgroup/below"] {
            let none = try source(name)
            #expect(none == nil, "\(name)")
        }
        // The image may be somebody's who wants to be let in elsewhere.
        for name in ["/data/../etc", "/data/./a", "/data/link", "/data/link/passwd", "/sys/fs/cgroup/.."] {
            #expect(throws: CFSError.self, "\(name)") { try source(name) }
        }
        spec.linux.uidMappings = [RuntimeSpec.IDRange(containerID: 0, hostID: 1, size: 1)]
        let devices = try source("/dev")
        #expect(devices == "devices")
    }
}
