import CFSLayers
import CFSLinux
import CFSModel

/// Entries of another reader, until somebody wants no more of them: whoever takes them then tidies up as after every error.
final class InterruptibleReader: EntryReader {
    private let reader: any EntryReader
    private let interruption: StartInterruption

    private init(_ reader: any EntryReader, _ interruption: StartInterruption) {
        self.reader = reader
        self.interruption = interruption
    }

    static func make(_ reader: any EntryReader, _ interruption: StartInterruption?) -> any EntryReader {
        interruption.map { InterruptibleReader(reader, $0) } ?? reader
    }

    func next() throws(CFSError) -> ArchiveEntry? {
        try interruption.look()
        return try reader.next()
    }

    func readBody(into buffer: UnsafeMutableRawBufferPointer) throws(CFSError) -> Int {
        try interruption.look()
        return try reader.readBody(into: buffer)
    }

    var bodyDescriptor: Int32? { reader.bodyDescriptor }
}

/// Entries of another reader, of which all counts only when something holds at their end.
final class ConfirmedReader: EntryReader {
    private let reader: any EntryReader
    private let confirm: () throws(CFSError) -> Void

    init(_ reader: any EntryReader, _ confirm: @escaping () throws(CFSError) -> Void) {
        self.reader = reader
        self.confirm = confirm
    }

    func next() throws(CFSError) -> ArchiveEntry? {
        let entry = try reader.next()
        if entry == nil { try confirm() }
        return entry
    }

    func readBody(into buffer: UnsafeMutableRawBufferPointer) throws(CFSError) -> Int {
        try reader.readBody(into: buffer)
    }

    var bodyDescriptor: Int32? { reader.bodyDescriptor }
}

/// Entries of a container's files, which may be removed while they are read: then what was read is not all, and the error says
/// why, instead of which file was the first that was gone.
final class WatchedReader: EntryReader {
    private let reader: any EntryReader
    private let container: Container

    init(_ reader: any EntryReader, of container: Container) {
        self.reader = reader
        self.container = container
    }

    func next() throws(CFSError) -> ArchiveEntry? {
        let entry = try container.explainingRemoval(while: Self.words) { () throws(CFSError) in try reader.next() }
        // Files that went before they were met are not missed by anybody else.
        if entry == nil, let removal = try container.removal(while: Self.words) { throw removal }
        return entry
    }

    func readBody(into buffer: UnsafeMutableRawBufferPointer) throws(CFSError) -> Int {
        try container.explainingRemoval(while: Self.words) { () throws(CFSError) in try reader.readBody(into: buffer) }
    }

    private static let words = "its files were read"

    var bodyDescriptor: Int32? { reader.bodyDescriptor }
}

extension Container {
    /// Does something with the container's files; when it fails because they are removed meanwhile, the error says so.
    ///
    /// - Parameter words: what is done: "the container web was removed while ...".
    func explainingRemoval<Result>(
        while words: String, _ body: () throws(CFSError) -> Result
    ) throws(CFSError) -> Result {
        do throws(CFSError) {
            return try body()
        } catch {
            guard error.code != .interrupted else { throw error }
            var told = error
            // Where that cannot be found out, the error is as it was.
            Engine.regardless { () throws(CFSError) in told = try removal(while: words) ?? error }
            throw told
        }
    }

    /// What is told once its removal has begun, `containerNotFound`. Of one that removes itself the configuration goes first.
    func removal(while words: String) throws(CFSError) -> CFSError? {
        let row = try engine.registry.container(id)
        if let row, row.decision.phase != .removing, File.exists(folder.configPath) { return nil }
        return CFSError(
            .containerNotFound, .looking, "the container \(row?.name ?? id.short) was removed while \(words)")
    }
}

/// The bytes behind a descriptor that may never come: a pipe, a terminal.
final class InterruptibleSource: ByteSource {
    private let source: FileSource
    private let interruption: StartInterruption?

    init(_ source: FileSource, _ interruption: StartInterruption?) {
        self.source = source
        self.interruption = interruption
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws(CFSError) -> Int {
        try interruption?.wait(for: source.descriptor)
        return try source.read(into: buffer)
    }
}
