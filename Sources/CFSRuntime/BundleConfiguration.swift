import CFSCgroups
import CFSLinux
import CFSModel
import CFSNamespaces
import Glibc

/// A bundle as a caller names it (runtime-spec, bundle.md): its configuration, with what is relative in it resolved.
struct BundleConfiguration {
    /// Absolute.
    let bundle: String
    /// The file as it stands.
    let bytes: [UInt8]
    var spec: RuntimeSpec
    /// The root file system's folder, absolute.
    let rootfs: String

    /// - Parameter path: the bundle's folder; the current one when empty.
    init(path: String) throws(CFSError) {
        bundle = try HostPath.absolute(path.isEmpty ? "." : path)
        let file = "\(bundle)/config.json"
        let opened = File.tryOpen(file, .read)
        if opened == -ErrorCode.notFound || opened == -ErrorCode.notDirectory {
            throw CFSError(
                .invalidConfiguration, .parsing, "JSON specification file config.json not found in \(bundle)",
                systemCall: "open", path: file, errno: Int32(-opened), hint: "cfs-runtime spec writes one")
        }
        let config = OwnedFD(try checked(opened, "open", .parsing, path: file))
        bytes = try File.readAll(config.raw, limit: 16 << 20, path: file)
        spec = try RuntimeSpec(bundle: try JSON(parsing: bytes, what: file))
        rootfs = HostPath.joined(bundle, spec.root.path)
        guard let status = File.statusIfThere(rootfs, followLinks: true), status.isDirectory else {
            throw CFSError(
                .invalidConfiguration, .parsing, "root.path: \(rootfs) is not a folder", path: rootfs, errno: ENOENT)
        }
        for index in spec.mounts.indices where Self.isBind(spec.mounts[index]) {
            spec.mounts[index].source = HostPath.joined(bundle, spec.mounts[index].source)
        }
    }

    private static func isBind(_ mount: RuntimeSpec.Mount) -> Bool {
        mount.type == "bind" || mount.options.contains("bind") || mount.options.contains("rbind")
    }
}

/// Paths of the host as callers give them, relative to where they are.
enum HostPath {
    static func absolute(_ path: String) throws(CFSError) -> String {
        if path.isAbsolutePath { return clean(path) }
        var buffer = [CChar](repeating: 0, count: 4096)
        guard getcwd(&buffer, buffer.count) != nil else { throw CFSError(kernel: errno, "getcwd", .parsing) }
        let here = buffer.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
        return clean("\(here)/\(path)")
    }

    static func joined(_ folder: String, _ path: String) -> String {
        clean(path.isAbsolutePath ? path : "\(folder)/\(path)")
    }

    /// Without `.`, empty parts and `..` after a name.
    static func clean(_ path: String) -> String {
        var parts: [String] = []
        for part in path.pathNames where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.text(separator: "/")
    }
}
