import CFSLinux
import CFSModel
import TestSupport
import Testing

@Suite("Watching paths")
struct PathWatchTests {
    private let folder = TemporaryDirectory()

    private func isReady(_ watch: PathWatch) throws -> Bool {
        let poll = try EventPoll()
        try poll.add(watch.descriptor, .readable, token: 0)
        return try !poll.wait(milliseconds: 0).isEmpty
    }

    @Test("what was asked for is told until it is taken, and nothing else")
    func told() throws {
        let watch = try PathWatch()
        try watch.add(folder.path, .created)
        #expect(try !isReady(watch))
        folder.write("a", to: "file")
        #expect(try isReady(watch))
        try watch.wait()
        #expect(try !isReady(watch))
        folder.append("b", to: "file")
        #expect(try !isReady(watch))
    }

    @Test("a path that is not there is an error that names it")
    func absent() throws {
        let watch = try PathWatch()
        let error = #expect(throws: CFSError.self) { try watch.add(folder("absent"), .modified) }
        #expect(error?.path == folder("absent") && error?.systemCall == "inotify_add_watch")
    }

    @Test("a path that may be taken away is watched when it is there; any other reason is an error")
    func perhaps() throws {
        let watch = try PathWatch()
        #expect(try watch.addIfThere(folder.path, .created))
        #expect(try !watch.addIfThere(folder("absent"), .created))
        folder.write("", to: "file")
        #expect(throws: CFSError.self) { try watch.addIfThere(folder("file/in"), .created) }
        #expect(try isReady(watch))
    }
}
