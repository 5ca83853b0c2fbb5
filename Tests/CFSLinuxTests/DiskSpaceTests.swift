import CFSLinux
import CFSModel
import Glibc
import TestSupport
import Testing

@Suite("What files take on the disk")
struct DiskSpaceTests {
    private let folder = TemporaryDirectory()

    /// What du(1) counts, which does the same.
    private func du(_ path: String) throws -> UInt64 {
        let command = RunningCommand(["/usr/bin/du", "-s", "--block-size=1", path], environment: ["LC_ALL": "C"])
        let result = command.finish()
        return try #require(UInt64(result.text.prefix { $0.isNumber }), "\(result.errors)")
    }

    @Test("blocks count, not lengths: holes are nothing, and small files whole blocks")
    func blocks() throws {
        folder.write("x", to: "tree/small")
        let hole = folder.write("x", to: "tree/hole")
        #expect(truncate(hole, 1 << 30) == 0)
        folder.write(String(repeating: "x", count: 100_000), to: "tree/a/b/large")
        symlink("/", folder("tree/link"))
        let used = try DiskSpace.used(at: folder("tree"))
        #expect(used == (try du(folder("tree"))))
        #expect(used > 100_000 && used < 1 << 20)
    }

    @Test("a file with several names counts once")
    func links() throws {
        folder.write(String(repeating: "x", count: 1 << 20), to: "tree/one")
        folder.makeFolder("tree/other")
        #expect(link(folder("tree/one"), folder("tree/two")) == 0)
        #expect(link(folder("tree/one"), folder("tree/other/three")) == 0)
        let used = try DiskSpace.used(at: folder("tree"))
        #expect(used == (try du(folder("tree"))) && used < 2 << 20)
    }

    @Test("a single file is measured too, and nothing is 0")
    func simple() throws {
        let file = folder.write(String(repeating: "x", count: 5000), to: "file")
        #expect(try DiskSpace.used(at: file) == du(file))
        #expect(try DiskSpace.used(at: folder("none")) == 0)
        symlink(folder.path, folder("link"))
        #expect(try DiskSpace.used(at: folder("link")) == du(folder("link")))
    }

    @Test("folders deeper than a path can say and than there are descriptors are measured")
    func deep() throws {
        folder.makeFolder("tree")
        var current = openat(AT_FDCWD, folder("tree"), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        // Names that are no UTF-8, too.
        let name: [CChar] = [-1, 0x62, 0]
        for _ in 0..<3000 {
            #expect(mkdirat(current, name, 0o755) == 0)
            let next = openat(current, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            close(openat(next, "f", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600))
            close(current)
            current = next
        }
        let text = [UInt8](repeating: 1, count: 8192)
        let last = openat(current, "last", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        #expect(write(last, text, text.count) == text.count)
        close(last)
        close(current)
        let used = try DiskSpace.used(at: folder("tree"))
        #expect(used == (try du(folder("tree"))))
    }

    @Test("what is moved and removed while it is measured ends neither in an error nor outside")
    func moving() throws {
        for index in 0..<40 { folder.write("x", to: "tree/\(index)/a/b/c/file") }
        let script =
            "cd '\(folder.path)'; while :; do mv tree/7 elsewhere; mv elsewhere tree/7; mv tree/8/a/b x; mv x tree/8/a/b; done"
        let mover = RunningCommand(["/bin/sh", "-c", script], environment: ["PATH": "/usr/bin:/bin"])
        for _ in 0..<200 {
            let used = try DiskSpace.used(at: folder("tree"))
            #expect(used < 4 << 20)
        }
        mover.signal(SIGKILL)
        _ = mover.finish()
    }
}
