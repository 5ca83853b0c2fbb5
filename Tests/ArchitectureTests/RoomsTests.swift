import Foundation
import Testing

@Suite("The rooms and their arrows")
struct RoomsTests {
    /// A row of the table of docs/architecture.md.
    private struct Room {
        let name: String
        let imports: Set<String>
    }

    private func documentedRooms() throws -> [Room] {
        let text = try String(contentsOfFile: Manifest.repository + "/docs/architecture.md", encoding: .utf8)
        return text.split(separator: "\n").filter { $0.hasPrefix("| `C") || $0.hasPrefix("| `cfs") }.map { line in
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            let imports = cells[2] == "-" ? [] : cells[2].components(separatedBy: ", ")
            return Room(name: cells[0].trimmingCharacters(in: ["`"]), imports: Set(imports))
        }
    }

    @Test("every target stands in the architecture's table with the imports of the manifest")
    func tableIsTrue() throws {
        let manifest = try Manifest()
        let rooms = try documentedRooms()
        #expect(Set(rooms.map(\.name)) == Set(manifest.targets.map(\.name)))
        for target in manifest.targets {
            let room = rooms.first { $0.name == target.name }
            #expect(room?.imports == manifest.dependencies(of: target), "\(target.name)")
        }
    }

    @Test("arrows point down: a target imports only what stands above it in the table")
    func arrowsPointDown() throws {
        var above: Set<String> = []
        for room in try documentedRooms() {
            #expect(room.imports.isSubset(of: above), "\(room.name) imports \(room.imports.subtracting(above))")
            above.insert(room.name)
        }
    }

    @Test("an import line names a room that the target may reach")
    func importsAreDeclared() throws {
        let rooms = try documentedRooms()
        var reach: [String: Set<String>] = [:]
        for room in rooms {
            reach[room.name] = room.imports.union(room.imports.flatMap { reach[$0] ?? [] })
        }
        let names = Set(rooms.map(\.name))
        for file in try SourceFile.all() {
            for name in file.imports where names.contains(name) {
                #expect(reach[file.target]?.contains(name) == true, "\(file.path) imports \(name)")
            }
        }
    }

    @Test("what runs in a process that clones uses no Foundation, no Dispatch and no concurrency")
    func cloningRoomsStaySmall() throws {
        let small: Set = [
            "CFSModel", "CFSLinux", "CFSCgroups", "CFSNamespaces", "CFSMonitor", "CFSRuntime",
            "cfs-runtime",
        ]
        let banned: Set = ["Foundation", "FoundationEssentials", "Dispatch", "Synchronization", "_Concurrency"]
        for file in try SourceFile.all() {
            #expect(!file.imports.contains("Foundation"), "\(file.path) imports the whole of Foundation")
            guard small.contains(file.target) else { continue }
            #expect(banned.isDisjoint(with: file.imports), "\(file.path)")
            for (number, line) in file.lines.enumerated() where line.contains("await ") || line.contains("Task {") {
                Issue.record("\(file.path):\(number + 1) uses concurrency")
            }
        }
    }
}
