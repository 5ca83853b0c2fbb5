import CFSLinux
import CFSModel
import CFSMonitor
import Glibc
import TestSupport
import Testing

@testable import CFSCore

@Suite("The journal")
struct JournalReaderTests {
    private let folder = TemporaryDirectory()
    private var journal: Journal { Journal(path: folder("journal")) }

    private func event(_ action: String, _ number: Int = 0) -> EngineEvent {
        EngineEvent(
            time: UInt64(number), action: action, id: "id", name: "na\nme", image: "i",
            attributes: [EngineEvent.Attribute("z", "1"), EngineEvent.Attribute("a", "2")])
    }

    private func rest(_ reader: JournalReader) throws -> [String] {
        var actions: [String] = []
        while let event = try reader.next() { actions.append(event.action) }
        return actions
    }

    @Test("an event comes back as it was written, its attributes in their order")
    func roundTrip() throws {
        try journal.append(event("start", 5))
        let read = try JournalReader(journal, from: nil).next()
        #expect(read == event("start", 5))
    }

    @Test("a reader goes on with what comes, from before there is a file")
    func following() throws {
        let reader = try JournalReader(journal, from: nil)
        #expect(try rest(reader) == [])
        try journal.append(event("a"))
        try journal.append(event("b"))
        #expect(try rest(reader) == ["a", "b"])
        try journal.append(event("c"))
        #expect(try rest(reader) == ["c"])
    }

    @Test("nothing is lost and nothing comes twice when the file becomes the old one, also twice")
    func rotation() throws {
        let reader = try JournalReader(journal, from: nil)
        try journal.append(event("a"))
        #expect(try rest(reader) == ["a"])
        try journal.append(event("b"))
        try journal.rotate { _ in }
        try journal.append(event("c"))
        #expect(try rest(reader) == ["b", "c"])
        try journal.rotate { _ in }
        try journal.append(event("d"))
        #expect(try rest(reader) == ["d"])
        let fresh = try JournalReader(journal, from: nil)
        #expect(try rest(fresh) == ["c", "d"])
    }

    @Test("a reader from the end sees what comes, and nothing of before, also where there was no file")
    func fromTheEnd() throws {
        let early = try JournalReader.atEnd(of: journal)
        try journal.append(event("a"))
        let late = try JournalReader.atEnd(of: journal)
        try journal.append(event("b"))
        #expect(try rest(early) == ["a", "b"])
        #expect(try rest(late) == ["b"])
    }

    @Test("a position goes on where it was, also in the old file")
    func position() throws {
        try journal.append(event("a"))
        let reader = try JournalReader(journal, from: nil)
        _ = try reader.next()
        let position = try #require(reader.position)
        #expect(JournalReader.Position(position.text) == position)
        try journal.append(event("b"))
        try journal.rotate { _ in }
        try journal.append(event("c"))
        let later = try JournalReader(journal, from: position)
        #expect(try rest(later) == ["b", "c"])
    }

    @Test("half a line and rubbish are passed over")
    func damaged() throws {
        try journal.append(event("a"))
        folder.append("{\"time\":1,\n\n[]\n", to: "journal")
        try journal.append(event("b"))
        let reader = try JournalReader(journal, from: nil)
        #expect(try rest(reader) == ["a", "b"])
    }

    @Test(
        "a file that was cut off anywhere: what is whole is read, and what comes next is not lost, also from a position"
    )
    func cutOff() throws {
        for action in ["a", "b", "c"] { try journal.append(event(action)) }
        let reader = try JournalReader(journal, from: nil)
        #expect(try rest(reader) == ["a", "b", "c"])
        let position = try #require(reader.position)
        let whole = Array((textOfFile(journal.path) ?? "").utf8)
        for length in 0..<whole.count {
            folder.write(String(decoding: whole[..<length], as: UTF8.self), to: "journal")
            // A line of which only the line feed lacks gets that from the next writer.
            let before = whole.indices.filter { whole[$0] == 0x0a && $0 <= length }.count
            let later = try JournalReader(journal, from: position)
            try journal.append(event("d"))
            try journal.append(event("e"))
            let fresh = try JournalReader(journal, from: nil)
            #expect(try rest(fresh) == ["a", "b", "c"].prefix(before) + ["d", "e"], "\(length)")
            #expect(try rest(later) == ["d", "e"], "\(length)")
            try #require(truncate(journal.path, 0) == 0)
        }
    }

    @Test("of many writers, and one that rotates, every event is read once, each writer's in its order")
    func manyWriters() async throws {
        let journal = journal
        let (writers, each) = (8, 200)
        let reading = Task.detached {
            let reader = try JournalReader(journal, from: nil)
            var seen: [String: Int] = [:]
            var count = 0
            while count < writers * each {
                guard let event = try reader.next() else {
                    await Task.yield()
                    continue
                }
                #expect(seen[event.action, default: -1] == Int(event.time) - 1)
                seen[event.action] = Int(event.time)
                count += 1
                // A reader that is two files behind has lost one: so it keeps up.
                var status = stat()
                guard count % 100 == 0, stat(journal.path, &status) == 0,
                    UInt64(status.st_ino) == reader.position?.inode
                else { continue }
                try journal.rotate { _ in }
            }
            return count
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for writer in 0..<writers {
                group.addTask {
                    for number in 0..<each {
                        try journal.append(
                            EngineEvent(time: UInt64(number), action: "w\(writer)", id: "", name: ""))
                    }
                }
            }
            try await group.waitForAll()
        }
        let count = try await reading.value
        #expect(count == writers * each)
    }

    @Test("a damaged file is told of once, by its name; an empty line is no damage")
    func damage() throws {
        var told: [String] = []
        try journal.append(event("a"))
        let half = try File.open(journal.path, [.write, .append])
        try File.writeAll(half.raw, Array("\n{\"time\":5,".utf8))
        let reader = try JournalReader(journal, from: nil) { told.append($0) }
        #expect(try rest(reader) == ["a"])
        #expect(told == [])
        try reader.tellHalfLine()
        #expect(told.count == 1 && told[0].hasPrefix(journal.path))
        try journal.append(event("b"))
        #expect(try rest(reader) == ["b"])
        #expect(told.count == 1)
    }
}
