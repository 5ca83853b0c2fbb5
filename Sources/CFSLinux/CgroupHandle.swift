import CFSModel
import CLinux
import Glibc

/// The path of a cgroup v2 by the number that the kernel has for it (open_by_handle_at(2), `FILEID_KERNFS`).
public enum CgroupHandle {
    /// - Parameters:
    ///   - identifier: as `INET_DIAG_CGROUP_ID` or `bpf_get_current_cgroup_id` give it.
    ///   - mountPoint: of cgroup v2.
    /// - Returns: the absolute path, the mount point itself for the root; nil when the cgroup is gone.
    /// - Throws: `notPermitted` without `CAP_DAC_READ_SEARCH`.
    public static func path(of identifier: UInt64, mountPoint: String) throws(CFSError) -> String? {
        let mount = try Directory.open(mountPoint)
        let opened = Int(cfs_open_kernfs_handle(mount.raw, identifier))
        if opened == -Int(ESTALE) || opened == -ErrorCode.notFound { return nil }
        let folder = OwnedFD(try checked(opened, "open_by_handle_at", .looking, path: mountPoint))
        let path = try File.readLink("/proc/self/fd/\(folder.raw)")
        // "(deleted)" behind a path: what had this number is gone.
        guard path == mountPoint || path.hasPrefix("\(mountPoint)/"), !path.hasSuffix(" (deleted)") else { return nil }
        return path
    }
}
