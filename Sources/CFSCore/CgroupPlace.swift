import CFSCgroups
import CFSModel

extension Engine {
    /// Where containers' cgroups lie: the mount point of cgroup v2, and this engine's folder there; nil without cgroup v2.
    package func cgroupPlace() throws(CFSError) -> (mountPoint: String, folder: String)? {
        try cgroups().map { ($0.mountPoint, $0.folder) }
    }
}
