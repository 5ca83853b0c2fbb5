import CFSLinux
import CFSModel
import Glibc
import TestSupport
import Testing

@Suite("Removing trees")
struct TreeRemovalTests {
    private let folder = TemporaryDirectory()

    /// Folders in each other, made from the inside out so that no path is too long; each has a file and a link.
    private func makeDeep(_ depth: Int, in parent: Int32, extra: (Int32) -> Void = { _ in }) {
        var current = openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        for _ in 0..<depth {
            mkdirat(current, "d", 0o755)
            let next = openat(current, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            close(openat(next, "f", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600))
            extra(next)
            close(current)
            current = next
        }
        close(current)
    }

    @Test("files, links, sockets, pipes and folders go, and nothing that a link points at")
    func all() throws {
        folder.write("kept", to: "outside/f")
        folder.write("x", to: "tree/a/b/f")
        symlink(folder("outside"), folder("tree/a/link"))
        symlink("/", folder("tree/root"))
        mkfifo(folder("tree/pipe"), 0o600)
        folder.makeFolder("tree/empty")
        try Directory.removeTree(folder("tree"))
        #expect(namesInFolder(folder.path) == ["outside"])
        #expect(textOfFile(folder("outside/f")) == "kept")
    }

    @Test("what is gone already is fine; a file and a link to a folder are removed as themselves")
    func simple() throws {
        try Directory.removeTree(folder("none"))
        folder.write("", to: "f")
        folder.write("", to: "d/f")
        symlink("d", folder("l"))
        try Directory.removeTree(folder("f"))
        try Directory.removeTree(folder("l"))
        #expect(namesInFolder(folder.path) == ["d"])
        #expect(namesInFolder(folder("d")) == ["f"])
    }

    @Test("names that are no UTF-8 go too")
    func bytes() throws {
        folder.makeFolder("tree")
        let fd = try Directory.open(folder("tree"))
        let names: [[CChar]] = [[-1, 0], [-61, 0], [0x61, -128, 0x62, 0], [0x0a, 0], [0x2a, 0]]
        for name in names {
            #expect(mkdirat(fd.raw, name, 0o755) == 0)
            let inner = openat(fd.raw, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            for name in names { close(openat(inner, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)) }
            close(inner)
        }
        let parent = try Directory.open(folder.path)
        try Directory.removeTree("tree", at: parent.raw)
        #expect(namesInFolder(folder.path).isEmpty)
    }

    @Test("folders in each other, deeper than there are descriptors and than a path is long, go")
    func deep() throws {
        folder.makeFolder("tree")
        do {
            let fd = try Directory.open(folder("tree"))
            makeDeep(5000, in: fd.raw)
        }
        try Directory.removeTree(folder("tree"))
        #expect(namesInFolder(folder.path).isEmpty)
    }

    @Test("a tree cannot take the names that its removal uses")
    func taken() throws {
        folder.makeFolder("tree")
        do {
            let fd = try Directory.open(folder("tree"))
            for number in 1...40 {
                let name = ".removed-\(number)"
                if number % 3 == 0 {
                    mkdirat(fd.raw, name, 0o755)
                } else if number % 3 == 1 {
                    close(openat(fd.raw, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600))
                } else {
                    mkdirat(fd.raw, name, 0o755)
                    let inner = openat(fd.raw, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
                    makeDeep(200, in: inner)
                    close(inner)
                }
            }
            makeDeep(200, in: fd.raw)
        }
        try Directory.removeTree(folder("tree"))
        #expect(namesInFolder(folder.path).isEmpty)
    }

    @Test("a folder with many entries goes whole")
    func wide() throws {
        for number in 0..<3000 { folder.write("", to: "tree/\(number)") }
        try Directory.removeTree(folder("tree"))
        #expect(namesInFolder(folder.path).isEmpty)
    }
}
