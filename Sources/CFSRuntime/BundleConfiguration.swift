import CFSCgroups
import CFSLinux
import CFSModel
import CFSNamespaces
import CLinux
import Glibc

/// A bundle as a caller names it (runtime-spec, bundle.md): its configuration, with what is relative in it resolved.
struct BundleConfiguration {
    /// Absolute.
    let bundle: String
    /// The file as it stands.
    let bytes: [UInt8]
    var spec: RuntimeSpec
    /// See ``ConfigurationText``.
    let profile: ConfigurationText.Profile
    /// The root file system's folder, absolute.
    let rootfs: String

    /// - Parameters:
    ///   - path: the bundle's folder; the current one when empty.
    ///   - filters: where the filters of profiles are kept.
    init(path: String, filters: SeccompCache) throws(CFSError) {
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
        (spec, profile) = try ConfigurationText(bytes: bytes, path: file).read(filters)
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

/// A configuration as it stands in a file. Most of its text is the seccomp profile, the same one in thousands of containers: where
/// the filter that was made of that text is kept, the text is not read.
struct ConfigurationText {
    /// What is known of a configuration's seccomp profile.
    enum Profile {
        /// There is none, or it is in the configuration that was read.
        case read(text: [UInt8]?)
        /// It is not in the configuration that was read: this is its filter, and nobody listens.
        case known(SeccompFilter)
    }

    let bytes: [UInt8]
    /// For errors.
    let path: String

    /// Whether it may have one of these words: a text without any has nothing of theirs to be read. An escape could hide one.
    func mayName(_ words: [StaticString]) -> Bool {
        bytes.withUnsafeBytes { text in
            func has(_ word: StaticString) -> Bool {
                cfs_contains(text.baseAddress, text.count, word.utf8Start, word.utf8CodeUnitCount) != 0
            }
            return has("\\u") || words.contains(where: has)
        }
    }

    func read(_ filters: SeccompCache) throws(CFSError) -> (RuntimeSpec, Profile) {
        let (document, place) = try JSON.parse(bytes, what: path, leaving: ["linux", "seccomp"])
        guard let place else { return (try RuntimeSpec(bundle: document), .read(text: nil)) }
        let text = Array(bytes[place])
        if let filter = try filters.filter(ofText: text) { return (try RuntimeSpec(bundle: document), .known(filter)) }
        return (try RuntimeSpec(bundle: try JSON(parsing: bytes, what: path)), .read(text: text))
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
