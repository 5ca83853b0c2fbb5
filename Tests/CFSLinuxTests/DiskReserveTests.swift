import CFSLinux
import CFSModel
import Glibc
import TestSupport
import Testing

@Suite("Room that is kept for what makes room", .enabled(if: geteuid() == 0, "only root can mount a small disk"))
struct DiskReserveTests {
    private let folder = TemporaryDirectory()
    private var reserve: DiskReserve { DiskReserve(root: folder("disk")) }

    /// A file system of that size for the body, with nothing on it.
    private func onDisk<Value>(_ size: String, _ body: @escaping () throws -> Value) throws -> Value {
        folder.makeFolder("disk")
        let disk = folder("disk")
        return try withPrivateMounts {
            try PrivateMount.make("tmpfs", on: disk, "size=\(size)")
            return try body()
        }
    }

    /// Takes all room that there is, for the file of that name.
    private func fill(_ name: String = "fill") {
        let file = open(folder("disk/\(name)"), O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        let block = [UInt8](repeating: 1, count: 4096)
        while Glibc.write(file, block, block.count) > 0 {}
        close(file)
    }

    /// Bytes of the reserve's blocks.
    private var allocated: Int64 { File.statusIfThere(reserve.path).map { $0.blocks * 512 } ?? -1 }

    private func write(_ bytes: Int, to name: String) throws(CFSError) {
        try AtomicFile.write([UInt8](repeating: 1, count: bytes), to: folder("disk/\(name)"), durable: false)
    }

    @Test("its blocks are allocated, for root alone, and it is made once")
    func making() throws {
        try onDisk("2m") {
            reserve.make()
            #expect(allocated == 256 << 10)
            let made = try File.status(reserve.path)
            #expect(made.mode & 0o7777 == 0o600)
            reserve.make()
            let now = try File.status(reserve.path)
            #expect(now.isSameFile(as: made))
        }
    }

    @Test("a disk with little room keeps it for others")
    func littleRoom() throws {
        try onDisk("1000k") {
            reserve.make()
            #expect(namesInFolder(folder("disk")) == [])
        }
    }

    @Test("on a full disk it is given up for what makes room, and made anew when there is some")
    func lending() throws {
        try onDisk("2m") {
            reserve.make()
            fill()
            let refused = #expect(throws: CFSError.self) { try write(4096, to: "small") }
            #expect(refused?.code == .noSpace && allocated == 256 << 10)
            try reserve.lend { () throws(CFSError) in try write(200_000, to: "small") }
            #expect(allocated == 0 && textOfFile(folder("disk/small"))?.utf8.count == 200_000)
            // There is still no room.
            reserve.make()
            #expect(allocated == 0)
            unlink(folder("disk/fill"))
            reserve.make()
            #expect(allocated == 256 << 10)
        }
    }

    @Test("a small file costs it a part only, and the rest is there for the next")
    func part() throws {
        try onDisk("2m") {
            reserve.make()
            fill()
            try reserve.lend(.part) { () throws(CFSError) in try write(10_000, to: "one") }
            #expect(allocated == 240 << 10)
            fill("more")
            try reserve.lend { () throws(CFSError) in try write(100_000, to: "two") }
            #expect(allocated == 0)
        }
    }

    @Test("however many small files take their part, half of it stays; one that is smaller does not grow")
    func floor() throws {
        try onDisk("2m") {
            reserve.make()
            fill()
            for number in 0..<8 {
                try reserve.lend(.part) { () throws(CFSError) in try write(16 << 10, to: "\(number)") }
            }
            #expect(allocated == 128 << 10)
            #expect(throws: CFSError.self) {
                try reserve.lend(.part) { () throws(CFSError) in try write(4096, to: "more") }
            }
            #expect(allocated == 128 << 10)
            #expect(truncate(reserve.path, 64 << 10) == 0)
            fill("rest")
            #expect(throws: CFSError.self) {
                try reserve.lend(.part) { () throws(CFSError) in try write(4096, to: "more") }
            }
            let left = try File.status(reserve.path)
            #expect(left.size == 64 << 10 && allocated == 64 << 10)
            try reserve.lend { () throws(CFSError) in try write(32 << 10, to: "last") }
            #expect(allocated == 0)
        }
    }

    @Test("what fails for want of something else is not done twice; what finds no room even then, no third time")
    func attempts() throws {
        try onDisk("2m") {
            reserve.make()
            var calls = 0
            let other = #expect(throws: CFSError.self) {
                try reserve.lend { () throws(CFSError) in
                    calls += 1
                    throw CFSError(.conflict, .removing, "no")
                }
            }
            #expect(other?.code == .conflict && calls == 1 && allocated == 256 << 10)
            calls = 0
            fill()
            let full = #expect(throws: CFSError.self) {
                try reserve.lend { () throws(CFSError) in
                    calls += 1
                    try write(1_000_000, to: "large")
                }
            }
            #expect(full?.code == .noSpace && calls == 2 && namesInFolder(folder("disk")) == ["fill", "reserve"])
        }
    }

    @Test("a link of its name leads nowhere")
    func link() throws {
        try onDisk("2m") {
            folder.write("kept", to: "disk/file")
            #expect(symlink(folder("disk/file"), reserve.path) == 0)
            reserve.make()
            fill()
            #expect(throws: CFSError.self) {
                try reserve.lend { () throws(CFSError) in try write(4096, to: "small") }
            }
            #expect(textOfFile(folder("disk/file")) == "kept")
        }
    }

    @Test("how much room a disk has, as df says it")
    func room() throws {
        try onDisk("2m") {
            #expect(DiskRoom(at: folder("disk")) == DiskRoom(free: 2 << 20, size: 2 << 20))
            #expect(!DiskRoom.isGone(at: folder("disk")))
            fill()
            #expect(DiskRoom(at: folder("disk")) == DiskRoom(free: 0, size: 2 << 20))
            #expect(DiskRoom.isGone(at: folder("disk")))
        }
        #expect(DiskRoom(at: folder("none")) == nil && !DiskRoom.isGone(at: folder("none")))
    }

    @Test(
        "less than 1 % is little room; 64 MiB always are, and 1 GiB never",
        arguments: [
            (0, 6, true), (63, 64, true), (64, 64, false), (64, 6400, false), (79, 8000, true), (80, 8000, false),
            (1023, 1 << 20, true), (1024, 1 << 20, false),
        ])
    func little(free: UInt64, size: UInt64, isNearlyGone: Bool) {
        #expect(DiskRoom(free: free << 20, size: size << 20).isNearlyGone == isNearlyGone)
    }
}
