import CFSLayers
import CFSLinux
import CFSModel

/// Where something is mounted in a container while it runs, for one that does not: what is mounted is not here now, and what
/// would be written there would be hidden then.
struct MountPlaces {
    fileprivate struct Place {
        /// From the container's root on, as no link is left on the way.
        let names: [ArraySlice<UInt8>]
        let mount: RuntimeSpec.Mount
    }

    private let root: ContainerRoot
    private let places: [Place]

    /// None in a container that runs.
    init(_ root: ContainerRoot) throws(CFSError) {
        self.root = root
        var places: [Place] = []
        for mount in root.isRunning ? [] : root.request.spec.mounts {
            let names = try Self.names(of: mount.destination, below: root)
            if !names.isEmpty { places.append(Place(names: names, mount: mount)) }
        }
        self.places = places
    }

    /// Throws for what lies in a mount.
    ///
    /// - Parameter name: of what is meant in the folder `item`; nil for `item` itself.
    func check(_ item: SharedFD, name: ArchiveName? = nil) throws(CFSError) {
        if places.isEmpty { return }
        try check(try Self.names(of: item.raw) + (name.map { [$0.bytes[...]] } ?? []))
    }

    /// The same for a path that may not be there.
    func check(below path: String) throws(CFSError) {
        if places.isEmpty { return }
        try check(try Self.names(of: path, below: root))
    }

    private func check(_ names: [ArraySlice<UInt8>]) throws(CFSError) {
        if let place = places.innermost(of: names) { throw error(names, place.mount) }
    }

    /// A reader that throws `containerNotRunning` for the first entry that would be written to a mount. A folder at its very
    /// place is what it is mounted on, and may be there.
    ///
    /// - Parameters:
    ///   - folder: where the entries go.
    ///   - withDevices: whether devices are written at all.
    func guarding(
        _ reader: any EntryReader, into folder: SharedFD, withDevices: Bool
    ) throws(CFSError) -> any EntryReader {
        if places.isEmpty { return reader }
        let base = try Self.names(of: folder.raw)
        let below = places.filter { $0.names.starts(with: base) }
        return below.isEmpty ? reader : GuardedReader(reader, self, below, base, withDevices)
    }

    /// Where files of the host, a volume for example, are mounted in this folder.
    func hostMounts(in item: SharedFD) throws(CFSError) -> [String] {
        if places.isEmpty { return [] }
        let base = try Self.names(of: item.raw)
        return places.filter { isOfHost($0.mount) && $0.names.starts(with: base) }.map(\.mount.destination)
    }

    private func isOfHost(_ mount: RuntimeSpec.Mount) -> Bool {
        mount.type == "bind" && !mount.source.contains("/\(root.request.id.text)/")
    }

    fileprivate func error(_ names: [ArraySlice<UInt8>], _ mount: RuntimeSpec.Mount) -> CFSError {
        return CFSError(
            .containerNotRunning, .looking,
            "\(PathLength.shortened(Self.text(names))) in the container lies in \(mount.destination), which is only mounted while the container runs",
            hint: isOfHost(mount)
                ? "it is \(mount.source) of the host: copy there, or start the container" : "start the container first")
    }

    /// What a descriptor leads to, as the kernel writes it: from the root of its mount on.
    private static func names(of item: Int32) throws(CFSError) -> [ArraySlice<UInt8>] {
        names(try File.readLink("/proc/self/fd/\(item)"))
    }

    /// Of a path, with the links that are there followed as a start does it: one that leads nowhere stands for the place that
    /// it names, which is made then.
    private static func names(of path: String, below root: ContainerRoot) throws(CFSError) -> [ArraySlice<UInt8>] {
        var names: [ArraySlice<UInt8>] = []
        var rest = Self.names(path)
        var links = 0
        while !rest.isEmpty {
            let part = rest.removeFirst()
            if part.elementsEqual([0x2e, 0x2e]) {
                _ = names.popLast()
                continue
            }
            guard let target = try link(text(names + [part]), below: root), links < 40 else {
                names.append(part)
                continue
            }
            links += 1
            if target.isAbsolutePath { names = [] }
            rest = Self.names(target) + rest
        }
        return names
    }

    /// Where a link leads; nil for anything else, and where nothing is.
    private static func link(_ path: String, below root: ContainerRoot) throws(CFSError) -> String? {
        let opened = File.tryOpen(path, below: root.root.raw, [.path, .noFollow], resolve: .inRoot)
        if [ErrorCode.notFound, ErrorCode.notDirectory, ErrorCode.loop].contains(-opened) { return nil }
        let item = SharedFD(OwnedFD(try checked(opened, "openat2", .looking, path: path)))
        guard try File.status(at: item.raw).isSymbolicLink else { return nil }
        return try File.readLink("", at: item.raw)
    }

    private static func text(_ names: [ArraySlice<UInt8>]) -> String {
        names.map { "/" + String(decoding: $0, as: UTF8.self) }.joined()
    }

    private static func names(_ path: String) -> [ArraySlice<UInt8>] { Self.names(Array(path.utf8)) }

    fileprivate static func names(_ path: [UInt8]) -> [ArraySlice<UInt8>] {
        path.split(separator: 0x2f).filter { !$0.elementsEqual([0x2e]) }
    }
}

extension [MountPlaces.Place] {
    /// The mount that something lies in: of several in each other, and of several at one place, the last.
    fileprivate func innermost(of names: [ArraySlice<UInt8>]) -> MountPlaces.Place? {
        var found: MountPlaces.Place?
        for place in self where names.starts(with: place.names) && place.names.count >= found?.names.count ?? 0 {
            found = place
        }
        return found
    }
}

extension [ArraySlice<UInt8>] {
    fileprivate func isBelow(_ place: Self) -> Bool { count > place.count && starts(with: place) }
}

/// See ``MountPlaces/guarding(_:into:withDevices:)``.
private final class GuardedReader: EntryReader {
    private let reader: any EntryReader
    private let all: MountPlaces
    private let places: [MountPlaces.Place]
    private let base: [ArraySlice<UInt8>]
    private let withDevices: Bool

    init(
        _ reader: any EntryReader, _ all: MountPlaces, _ places: [MountPlaces.Place], _ base: [ArraySlice<UInt8>],
        _ withDevices: Bool
    ) {
        self.reader = reader
        self.all = all
        self.places = places
        self.base = base
        self.withDevices = withDevices
    }

    func next() throws(CFSError) -> ArchiveEntry? {
        guard let entry = try reader.next() else { return nil }
        switch entry.kind {
        case .directory: try check(entry.name, isFolder: true)
        case .characterDevice where !withDevices, .blockDevice where !withDevices: break
        case .hardlink(let target):
            try check(entry.name)
            // What it would be a name of is not what is seen there.
            try check(target)
        default: try check(entry.name)
        }
        return entry
    }

    private func check(_ name: ArchiveName, isFolder: Bool = false) throws(CFSError) {
        let names = base + MountPlaces.names(name.bytes)
        guard let place = places.innermost(of: names) else { return }
        guard isFolder, names.count == place.names.count, !places.contains(where: { names.isBelow($0.names) }) else {
            throw all.error(names, place.mount)
        }
    }

    func readBody(into buffer: UnsafeMutableRawBufferPointer) throws(CFSError) -> Int {
        try reader.readBody(into: buffer)
    }

    var bodyDescriptor: Int32? { reader.bodyDescriptor }
}
