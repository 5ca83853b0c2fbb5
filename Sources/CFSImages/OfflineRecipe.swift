import CFSLayers
import CFSModel

/// The thin layer of a system's own layout and `/etc`, over the shared base of ``BusyBoxBase``.
///
/// It is made of nothing but this data, so it has the same digest on every machine.
struct OfflineRecipe: Sendable, Hashable {
    struct File: Sendable, Hashable {
        var mode: UInt32
        var content: [UInt8]
    }

    var folders: [String]
    /// Targets by name.
    var links: [String: String]
    var files: [String: File]

    init(_ fields: DocumentFields) throws(CFSError) {
        let base = try fields.required("base", fields.string("base"))
        guard base == "busybox-static" else {
            throw DocumentFields.invalid("the offline base \"\(base)\" is not known")
        }
        folders = try fields.strings("folders") ?? []
        links = try fields.map("links") ?? [:]
        files = [:]
        for (name, json) in try fields.object("files")?.entries ?? [] {
            let file = try DocumentFields(json, "files, \(name)")
            let lines = try file.required("lines", file.strings("lines"))
            let text = try file.string("mode") ?? "0644"
            guard let mode = UInt32(text, radix: 8), mode <= 0o7777 else {
                throw DocumentFields.invalid("files, \(name): \"\(text)\" is no octal mode")
            }
            files[name] = File(mode: mode, content: Array(lines.map { "\($0)\n" }.joined().utf8))
        }
    }

    /// The layer's entries, folders before what lies in them, in a fixed order and of a fixed time.
    var entries: [(entry: ArchiveEntry, body: [UInt8])] {
        var all: [(entry: ArchiveEntry, body: [UInt8])] = []
        for folder in folders.sorted() { all.append((ArchiveEntry(.directory, ArchiveName(folder)), [])) }
        for (name, target) in links.sorted(by: { $0.key < $1.key }) {
            all.append((ArchiveEntry(.symlink(ArchiveName(target)), ArchiveName(name)), []))
        }
        for (name, file) in files.sorted(by: { $0.key < $1.key }) {
            let size = UInt64(file.content.count)
            all.append((ArchiveEntry(.file, ArchiveName(name), mode: file.mode, size: size), file.content))
        }
        return all
    }
}
