import CFSLayers
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
