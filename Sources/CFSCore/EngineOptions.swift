import CFSLinux
import CFSModel
import Glibc

/// Where an engine keeps its state, and where its helper is.
public struct EngineOptions: Sendable, Hashable {
    /// What lasts: images, layers, containers, the registry. `CFS_ROOT`, else `/var/lib/cfs`.
    public var root: String
    /// That of an engine of which nothing else is said.
    static let usualRoot = "/var/lib/cfs"
    /// What ends with a container: sockets and locks. `CFS_RUN`, else `/run/cfs`.
    public var run: String
    /// The executable that stays beside a container. `CFS_RUNTIME`; when nil, `cfs-runtime` is looked for beside the
    /// calling program, then in the folders of `PATH`.
    public var runtime: String?
    /// Whom the history names as the one who did something; when nil, the user of this process. For a program that acts for
    /// others: it changes nobody's rights.
    public var user: UInt32?

    /// The places of the environment, or the usual ones.
    public init() {
        root = Self.variable("CFS_ROOT") ?? Self.usualRoot
        run = Self.variable("CFS_RUN") ?? "/run/cfs"
        runtime = Self.variable("CFS_RUNTIME")
    }

    static func variable(_ name: String) -> String? {
        guard let value = getenv(name), value.pointee != 0 else { return nil }
        return String(cString: value)
    }
}
