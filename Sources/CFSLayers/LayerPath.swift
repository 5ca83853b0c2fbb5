import CFSModel

/// One component of a path, as system calls take it.
struct FileName: Hashable {
    /// The bytes, and the zero that ends them.
    let cString: [CChar]

    init<Bytes: Collection>(_ bytes: Bytes) where Bytes.Element == UInt8 {
        var text: [CChar] = []
        text.reserveCapacity(bytes.count + 1)
        for byte in bytes { text.append(CChar(bitPattern: byte)) }
        text.append(0)
        cString = text
    }

    var bytes: [UInt8] { cString.dropLast().map { UInt8(bitPattern: $0) } }
}

/// A name out of an archive as a place in a layer: it was checked, and no component of it leads anywhere else.
struct LayerPath: Hashable {
    /// Empty for the layer's root; none is empty, `.` or `..`.
    let components: [FileName]

    /// What a name comes out of, for messages.
    enum Origin {
        case layer
        /// A tar that somebody copies into a folder.
        case archive

        fileprivate var name: String { self == .layer ? "the layer" : "the archive" }
    }

    /// A leading `/` and `./` mean the layer's root, as archivers write them.
    ///
    /// - Throws: `unsafeLayer` for `..` and a zero byte; `limitExceeded` for what is too long or too deep.
    init(_ name: ArchiveName, limits: ArchiveLimits, in origin: Origin = .layer) throws(CFSError) {
        guard name.bytes.count <= limits.nameLength else {
            throw CFSError(
                .limitExceeded, .unpacking, "a name in \(origin.name) is longer than \(limits.nameLength) bytes",
                path: name.printable)
        }
        guard !name.bytes.contains(0) else {
            throw CFSError(
                .unsafeLayer, .unpacking, "the name \"\(name.printable)\" in \(origin.name) holds a zero byte",
                path: name.printable)
        }
        var components: [FileName] = []
        for part in name.bytes.split(separator: 0x2f) where !part.elementsEqual([0x2e]) {
            guard !part.elementsEqual([0x2e, 0x2e]) else {
                throw CFSError(
                    .unsafeLayer, .unpacking,
                    "the name \"\(name.printable)\" leads out of \(origin == .layer ? "the layer" : "the folder")",
                    path: name.printable,
                    hint: origin == .layer ? "do not use this image" : "an archive for a copy has no .. in its names")
            }
            guard part.count <= limits.componentLength else {
                throw CFSError(
                    .limitExceeded, .unpacking,
                    "a part of a name in \(origin.name) is longer than \(limits.componentLength) bytes",
                    path: name.printable
                )
            }
            components.append(FileName(part))
        }
        guard components.count <= limits.depth else {
            throw CFSError(
                .limitExceeded, .unpacking, "\(origin.name) has more than \(limits.depth) folders in each other",
                path: name.printable)
        }
        self.components = components
    }

    static let root = LayerPath(components: [])

    /// What ``bytes`` gave.
    init(bytes: [UInt8]) { components = bytes.split(separator: 0x2f).map { FileName($0) } }

    init(components: some Sequence<FileName>) { self.components = Array(components) }

    /// The folder that holds it; the root is its own.
    var parent: LayerPath { LayerPath(components: components.dropLast()) }
    /// Nil for the root.
    var name: FileName? { components.last }
    /// With slashes between the components.
    var bytes: [UInt8] { Array(components.map(\.bytes).joined(separator: [0x2f])) }
    /// For messages.
    var printable: String { components.isEmpty ? "/" : ArchiveName(bytes: bytes).printable }
}

extension ArchiveName {
    /// The name for messages: short, and without what would steer a terminal.
    var printable: String {
        let text = String(
            string.unicodeScalars.prefix(200).map { $0.properties.generalCategory == .control ? "?" : Character($0) })
        return string.unicodeScalars.count > 200 ? text + "..." : text
    }
}
