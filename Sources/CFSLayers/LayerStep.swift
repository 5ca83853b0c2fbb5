import CFSModel

/// What an entry of a layer asks for, told by its name alone (image-spec, layer.md, "Whiteouts").
enum LayerStep: Hashable {
    /// A file, folder, link or device at this place.
    case make(LayerPath)
    /// Hide what lower layers have at this place.
    case hide(LayerPath)
    /// Hide everything that lower layers have in this folder.
    case hideContent(LayerPath)
    /// Notes of the AUFS file system to itself, of which old images are full.
    case ignore

    private static let mark = FileName(".wh.".utf8).cString.dropLast()
    private static let ownMark = FileName(".wh..wh.".utf8).cString.dropLast()
    private static let opaque = FileName(".wh..wh..opq".utf8)

    /// - Throws: `unsafeLayer` for a mark that names nothing, `.` or `..`, and for a folder that is called like a mark.
    init(_ path: LayerPath) throws(CFSError) {
        let folders = path.components.dropLast()
        if folders.contains(where: { $0.cString.starts(with: Self.ownMark) }) {
            self = .ignore
            return
        }
        guard !folders.contains(where: Self.isReserved) else { throw Self.refused(path) }
        guard let name = path.name, Self.isReserved(name) else {
            self = .make(path)
            return
        }
        if name == Self.opaque {
            self = .hideContent(path.parent)
        } else if name.cString.starts(with: Self.ownMark) {
            self = .ignore
        } else {
            let hidden = name.bytes.dropFirst(Self.mark.count)
            guard !hidden.isEmpty, !hidden.elementsEqual([0x2e]), !hidden.elementsEqual([0x2e, 0x2e]) else {
                throw Self.refused(path)
            }
            self = .hide(LayerPath(components: folders + [FileName(hidden)]))
        }
    }

    /// Whether the name is one that layers give a meaning of their own.
    static func isReserved(_ name: FileName) -> Bool { name.cString.starts(with: mark) }

    private static func refused(_ path: LayerPath) -> CFSError {
        CFSError(
            .unsafeLayer, .unpacking, "the whiteout \"\(path.printable)\" names nothing that a layer can hide",
            path: path.printable, hint: "do not use this image")
    }
}
