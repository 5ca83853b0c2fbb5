import CFSLinux
import CFSModel
import CSeccomp
import Glibc

/// Compiled filters as files, so that a start need not compile: that takes many times as long as all else of it.
///
/// A name says all that a filter depends on, so a file is never changed, and several processes may make the same one.
public struct SeccompCache: Sendable {
    public let folder: String

    /// - Parameter folder: made with mode 0700 when the first filter is.
    public init(folder: String) { self.folder = folder }

    /// The version that this program was built with.
    private static let library = "\(SCMP_VER_MAJOR).\(SCMP_VER_MINOR).\(SCMP_VER_MICRO)"

    /// The path of the filter of a profile, compiled now when it is not there.
    public func filter(for profile: SeccompProfile) throws(CFSError) -> String {
        // Who listens is no part of a filter, and may be another one for each container.
        var profile = profile
        profile.listener = nil
        let name =
            "profile-\(SeccompCompiler.revision)-\(FowlerNollVo.text128(profile.json.bytes()))-\(Self.library).bpf"
        return try path(name) { profile }
    }

    /// The path of the filter of the standard profile. When it is there, neither is that profile built nor libseccomp asked.
    ///
    /// - Parameters:
    ///   - capabilities: the container's bounding set.
    ///   - imageArchitecture: the image's, by its OCI name (`amd64`, `386`).
    public func standardFilter(capabilities: UInt64, imageArchitecture: String) throws(CFSError) -> String {
        let decisive = capabilities & SeccompProfile.decisiveCapabilities
        let companion =
            SeccompArchitecture.companion(ofImage: imageArchitecture).map { "+\($0.rawValue.dropFirst(10))" } ?? ""
        let architecture = "\(SeccompArchitecture.native.rawValue.dropFirst(10))\(companion)".lowercased()
        let name =
            "standard-\(SeccompProfile.standardRevision)-\(architecture)-\(String(decisive, radix: 16))-\(Self.library).bpf"
        return try path(name) {
            SeccompProfile.standard(capabilities: capabilities, imageArchitecture: imageArchitecture)
        }
    }

    private func path(_ name: String, _ profile: () -> SeccompProfile) throws(CFSError) -> String {
        let path = "\(folder)/\(name)"
        if try isWhole(path) { return path }
        let filter = try SeccompCompiler.compile(profile())
        try Directory.makeAll(folder)
        let directory = try Directory.open(folder)
        // Durable, for it is made once and then trusted for years.
        try AtomicFile.write(filter.fileBytes, to: name, in: directory.raw, mode: 0o600, durable: true)
        return path
    }

    /// Whether the file is there and whole; what a power cut has left is made again.
    private func isWhole(_ path: String) throws(CFSError) -> Bool {
        let result = File.tryOpen(path, [.read, .noFollow, .nonBlocking])
        if result == -ErrorCode.notFound || result == -ErrorCode.loop { return false }
        let file = OwnedFD(try checked(result, "open", .preparing, path: path))
        let status = try File.status(at: file.raw)
        guard status.isRegular, status.size <= SeccompFilter.fileSizeLimit else { return false }
        return SeccompFilter(fileBytes: try File.readAll(file.raw, path: path)) != nil
    }
}
