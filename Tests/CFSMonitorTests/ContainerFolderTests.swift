import CFSLinux
import CFSModel
import Glibc
import TestSupport
import Testing

@testable import CFSMonitor

@Suite("The folders of a container")
struct ContainerFolderTests {
    private let folder = TemporaryDirectory()

    private func container(run: String = "run") throws -> ContainerFolder {
        try Directory.makeAll(folder("container"))
        try Directory.makeAll(folder(run))
        return ContainerFolder(container: folder("container"), run: folder(run))
    }

    private static let state = LiveState(pid: 5, startTime: 6, startedAt: 7, timing: [])
    private static let record = ExitRecord(status: 1, signal: nil, reason: nil, startedAt: 1, finishedAt: 2, timing: [])

    @Test("what was written down is read; before that there is nothing")
    func files() throws {
        let container = try container()
        #expect(try container.readState() == nil)
        #expect(try container.readExit() == nil)
        try container.writeState(Self.state)
        try container.writeExit(Self.record)
        #expect(try container.readState() == Self.state)
        #expect(try container.readExit() == Self.record)
    }

    @Test("a state file that was cut off anywhere is an error or nothing, never another state")
    func truncation() throws {
        let container = try container()
        try container.writeState(Self.state)
        let whole = try File.readAll(at: container.statePath)
        for length in 0..<whole.count {
            try File.create(container.statePath, Array(whole[..<length]), mode: 0o600)
            do {
                #expect(try container.readState() == nil, "\(length) bytes")
            } catch {
                #expect(error.code == .invalidConfiguration)
            }
        }
    }

    @Test("a record that has no place in its folder is kept in the run folder, with nothing but the lock")
    func kept() throws {
        let container = try container()
        try container.writeState(Self.state)
        _ = try container.listen()
        for name in ["hosts", "lock"] { folder.write("", to: "run/\(name)") }
        try container.keepExit(Self.record)
        #expect(namesInFolder(container.run).sorted() == ["exit.json", "lock"])
        #expect(try container.readExit() == Self.record)
        #expect(try container.readKeptExit() == Self.record)
        #expect(try container.readState() == nil)
        try container.removeRun()
        #expect(namesInFolder(folder.path) == ["container"])
    }

    @Test(
        "of the record in its place and the kept one, that of the later run counts; of one run the kept one",
        arguments: [(0, true), (1, true), (2, false)])
    func later(startedAt: UInt64, isKept: Bool) throws {
        let container = try container()
        var other = Self.record
        (other.status, other.startedAt) = (2, startedAt)
        try container.writeExit(other)
        try container.keepExit(Self.record)
        let read = try container.readExit()
        #expect(read == (isKept ? Self.record : other))
        try container.removeRun()
        let last = try container.readExit()
        #expect(last == other)
    }

    @Test("a record that is damaged tells less than the kept one")
    func keptBesideDamage() throws {
        let container = try container()
        folder.write("{\"status\"", to: "container/exit.json")
        let damaged = try container.readExit()
        #expect(damaged?.isDamaged == true)
        try container.keepExit(Self.record)
        let read = try container.readExit()
        #expect(read == Self.record)
    }

    @Test("a configuration that is missing is an error with its path")
    func request() throws {
        let container = try container()
        let error = #expect(throws: CFSError.self) { try container.readRequest() }
        #expect(error?.path == container.configPath)
    }

    @Test("callers reach the monitor's socket, however long its path is", arguments: [1, 200])
    func connections(length: Int) throws {
        let container = try container(run: String(repeating: "r", count: length))
        let listener = try container.listen()
        let caller = try container.connect()
        let callee = try MessageSocket.accept(listener.raw)
        try caller.send([1])
        #expect(try callee.receive()?.bytes == [1])
    }

    @Test("without a monitor the container is not running, whether a socket was left or not")
    func nobody() throws {
        let container = try container()
        #expect(#expect(throws: CFSError.self) { _ = try container.connect() }?.code == .containerNotRunning)
        do { _ = try container.listen() }
        #expect(#expect(throws: CFSError.self) { _ = try container.connect() }?.code == .containerNotRunning)
    }

    @Test("the run folder goes, with what may have been left in it; so does the container's")
    func removal() throws {
        let container = try container()
        _ = try container.listen()
        try container.writeState(Self.state)
        folder.write("", to: "run/state.123.partial")
        for name in ["log", "log.1"] { folder.write("", to: "container/\(name)") }
        try container.removeRun()
        try container.removeRun()
        #expect(namesInFolder(folder.path) == ["container"])
        try container.removeContainer()
        #expect(namesInFolder(folder.path).isEmpty)
    }
}
