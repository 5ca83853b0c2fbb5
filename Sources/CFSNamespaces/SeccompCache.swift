import CFSLinux
import CFSModel
import CSeccomp
import Glibc

/// Compiled filters as files, so that a start need not compile: that takes many times as long as all else of it.
///
/// A file is never changed, and several processes may make the same one. The name of a standard filter says all that it depends
/// on; any other filter is kept with what it was made of, all of it: a hash in a name only says where to look, so nobody who can
/// choose a profile can have it taken for another one.
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
        let origin = profile.json.bytes()
        return try place(of: origin, kind: "profile") { () throws(CFSError) in
            try SeccompCompiler.compile(profile)
        }.path
    }

    /// The filter that was made of a profile's text by ``filter(of:text:)``; nil when none was.
    public func filter(ofText text: [UInt8]) throws(CFSError) -> SeccompFilter? {
        try place(of: text, kind: "text") { () throws(CFSError) in nil }.filter
    }

    /// The filter of a profile that stands in a configuration as `text`: the next time the text will do, and need not be read.
    ///
    /// - Precondition: nobody listens.
    public func filter(of profile: SeccompProfile, text: [UInt8]) throws(CFSError) -> SeccompFilter {
        let found = try place(of: text, kind: "text") { () throws(CFSError) in
            try SeccompCompiler.compile(profile)
        }
        if let filter = found.filter { return filter }
        return try SeccompFilter(readingFile: found.path)
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
        let path = "\(folder)/\(name)"
        if try kept(at: path) != nil { return path }
        let profile = SeccompProfile.standard(capabilities: capabilities, imageArchitecture: imageArchitecture)
        try write(try SeccompCompiler.compile(profile).fileBytes, to: name)
        return path
    }

    /// Where the filter that is made of `origin` lies. Of two origins with the same hash the second one's lies beside the first.
    ///
    /// - Parameter compile: makes one that is not there; nil to go without.
    private func place(
        of origin: [UInt8], kind: StaticString, _ compile: () throws(CFSError) -> SeccompFilter?
    ) throws(CFSError) -> (path: String, filter: SeccompFilter?) {
        let hash = String(FowlerNollVo.sum64(origin), radix: 16)
        var number = 0
        while true {
            let name =
                "\(kind)-\(SeccompCompiler.revision)-\(hash)\(number > 0 ? ".\(number)" : "")-\(Self.library).bpf"
            let path = "\(folder)/\(name)"
            if let kept = try kept(at: path) {
                if kept.origin.elementsEqual(origin) { return (path, kept.filter) }
                number += 1
                continue
            }
            let filter = try compile()
            if let filter { try write(filter.fileBytes(of: origin), to: name) }
            return (path, filter)
        }
    }

    private func write(_ bytes: [UInt8], to name: String) throws(CFSError) {
        try Directory.makeAll(folder)
        let directory = try Directory.open(folder)
        // Durable, for it is made once and then trusted for years.
        try AtomicFile.write(bytes, to: name, in: directory.raw, mode: 0o600, durable: true)
    }

    /// What a file holds, when it is there and whole; what a power cut has left is made again.
    private func kept(at path: String) throws(CFSError) -> SeccompFilter.Kept? {
        let result = File.tryOpen(path, [.read, .noFollow, .nonBlocking])
        if result == -ErrorCode.notFound || result == -ErrorCode.loop { return nil }
        let file = OwnedFD(try checked(result, "open", .preparing, path: path))
        let status = try File.status(at: file.raw)
        guard status.isRegular, status.size <= SeccompFilter.fileSizeLimit else { return nil }
        return SeccompFilter.kept(in: try File.readAll(file.raw, path: path))
    }
}
