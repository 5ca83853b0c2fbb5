import CFSLinux
import CFSModel

/// The extended attributes of a file of the host.
enum FileAttributes {
    /// Those that images keep, sorted by name.
    static func of(
        _ fd: Int32, _ kind: ArchiveEntry.Kind, _ path: ArchiveName
    ) throws(CFSError) -> [ExtendedAttribute] {
        let size = try read("flistxattr", path) { ExtraSystemCalls.listAttributes(fd, into: $0) }
        var found: [ExtendedAttribute] = []
        for bytes in size.split(separator: 0) {
            let name = String(decoding: bytes, as: UTF8.self)
            // An equals sign has no place in a tar.
            guard AttributePolicy.verdict(name, of: kind) == .keep, !name.contains("=") else { continue }
            let value = try read("fgetxattr", path) { ExtraSystemCalls.getAttribute(fd, name, into: $0) }
            found.append(ExtendedAttribute(name: name, value: value))
        }
        return found.sorted { $0.name < $1.name }
    }

    private static func read(
        _ systemCall: StaticString, _ path: ArchiveName, _ call: (UnsafeMutableRawBufferPointer) -> Int
    ) throws(CFSError) -> [UInt8] {
        // The kernel's own limit for a list and for a value (xattr(7)).
        let buffer = RawBuffer(64 << 10)
        let result = call(buffer.all)
        if result == -ErrorCode.notSupported || result == -ErrorCode.noData { return [] }
        let count = try checked(result, systemCall, .importing, path: path.printable)
        return Array(buffer.slice(0..<count))
    }
}
