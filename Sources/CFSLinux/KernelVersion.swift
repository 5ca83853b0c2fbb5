import CFSModel
import Glibc

/// The first two numbers of a kernel's release (uname(2)): `6.1` of `6.1.0-28-amd64`.
public struct KernelVersion: Hashable, Sendable, Comparable, CustomStringConvertible {
    public var major: Int
    public var minor: Int

    public init(major: Int, minor: Int) {
        self.major = major
        self.minor = minor
    }

    /// Reads `4.8`, and the release that a kernel gives itself; nil for anything that does not begin so.
    public init?(_ text: String) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count > 1, let major = Int(parts[0]),
            let minor = Int(parts[1].prefix { $0.isASCII && $0.isNumber }),
            major >= 0
        else { return nil }
        self.init(major: major, minor: minor)
    }

    /// That of the kernel below.
    public static func running() throws(CFSError) -> KernelVersion {
        var names = utsname()
        try checked(uname(&names) == 0 ? 0 : -Int(errno), "uname", .looking)
        let release = withUnsafePointer(to: &names.release) {
            $0.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: $0.pointee)) {
                String(cString: $0)
            }
        }
        guard let version = KernelVersion(release) else {
            throw CFSError(.kernelUnsupported, .looking, "the kernel's release \"\(release)\" is not a version")
        }
        return version
    }

    public var description: String { "\(major).\(minor)" }

    public static func < (left: KernelVersion, right: KernelVersion) -> Bool {
        (left.major, left.minor) < (right.major, right.minor)
    }
}
