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
        guard !isContainer(path) else {
            throw Refusal(reason: "the socket is a container's: \(path)", isOfContainer: true)
        }
    }

    /// Throws unless this process is outside of containers. Where there is no cgroup v2 it is not asked: such a socket is reached
    /// by a container that it was given to, and by no other.
    func check(process: Int32) throws {
        guard let mountPoint else { return }
        guard process > 0 else { throw Refusal(reason: "the process is of another process namespace") }
        let path = "/proc/\(process)/cgroup"
        guard File.exists(path) else { throw Refusal(reason: "the process is gone") }
        let text = String(decoding: try File.readAll(at: path), as: UTF8.self)
        guard let line = text.split(separator: "\n").first(where: { $0.hasPrefix("0::") }) else { return }
        let folder = mountPoint + line.dropFirst(3)
        guard !isContainer(folder) else {
            throw Refusal(reason: "the process is a container's: \(folder)", isOfContainer: true)
        }
    }

    /// Whether a path lies in the folder of our containers, or in a cgroup that is named as containers are: those of another
    /// parent (`--cgroup-parent`), or of another engine.
    func isContainer(_ path: String) -> Bool {
        if let folder, path == folder || path.hasPrefix("\(folder)/") { return true }
        return path.split(separator: "/").contains { ContainerID(String($0)) != nil }
    }
}
