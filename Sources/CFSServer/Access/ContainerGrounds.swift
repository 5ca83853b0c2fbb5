import CFSCore
import CFSLinux

/// Tells whether a cgroup is one that containers live in: a socket made there is a container's, whatever user it has. With
/// `--network host --userns host` that would be root's.
struct ContainerGrounds: Sendable {
    /// Of cgroup v2; nil where the host has none.
    let mountPoint: String?
    /// The folder of our engine's cgroups.
    let folder: String?

    /// Throws unless a socket that was made in this cgroup is no container's.
    func check(_ cgroup: UInt64) throws {
        guard let mountPoint else { throw Refusal(reason: "without cgroup v2 containers cannot be told apart") }
        guard let path = try CgroupHandle.path(of: cgroup, mountPoint: mountPoint) else {
            throw Refusal(reason: "the cgroup in which the socket was made is gone")
        }
        guard !isContainer(path) else { throw Refusal(reason: "the socket is a container's: \(path)") }
    }

    /// Whether a path lies in the folder of our containers, or in a cgroup that is named as containers are: those of another
    /// parent (`--cgroup-parent`), or of another engine.
    func isContainer(_ path: String) -> Bool {
        if let folder, path == folder || path.hasPrefix("\(folder)/") { return true }
        return path.split(separator: "/").contains { ContainerID(String($0)) != nil }
    }
}
