import CFSLinux
import CFSModel
import CLinux
import Glibc

/// The root file system of a container without a process: for whoever reads or writes its files from outside. Only in a
/// process with one thread.
public enum RootMount {
    /// The root of a container that does not run, as a detached mount: seen nowhere, and gone with its last descriptor.
    /// Nothing else is mounted in it.
    ///
    /// - Parameter plan: of the container. Its user namespace is made anew, with the same map.
    public static func make(_ plan: LaunchPlan) throws(CFSError) -> OwnedFD {
        guard !plan.uidMappings.isEmpty else { return try MountPreparation(plan: plan, userNamespace: nil).root() }
        let namespace = try userNamespace(uids: plan.uidMappings, gids: plan.gidMappings)
        return try MountPreparation(plan: plan, userNamespace: namespace.raw).root()
    }

    /// The root of a container that runs, as a detached copy: what else is mounted in it does not come along.
    ///
    /// - Parameter mountNamespace: the container's; this process stays in it.
    public static func copy(from mountNamespace: Int32) throws(CFSError) -> OwnedFD {
        // From here on those in the container may be able to see this process (CVE-2016-9962).
        try checked(ProcessControl.control(CFS_PR_SET_DUMPABLE, 0), "prctl", .entering)
        try ProcessControl.enter(mountNamespace, .mount)
        return try Mounting.cloneTree("/")
    }

    /// The `/dev` of a plan, as a detached mount; nil when nothing of it is a new file system with device nodes.
    package static func devices(_ plan: LaunchPlan, userNamespace: Int32?) throws(CFSError) -> OwnedFD? {
        for mount in plan.mounts {
            guard case .devices = mount.kind else { continue }
            return try MountPreparation(plan: plan, userNamespace: userNamespace).mount(mount)
        }
        return nil
    }

    /// Makes the place of a mount in a root that may be hostile, when it is not there (``RootPath``).
    package static func makePlace(_ path: String, root: Int32, isFolder: Bool) throws(CFSError) {
        _ = try RootPath.openOrMake(path, root: root, kind: isFolder ? .folder : .file)
    }

    /// A user namespace that nobody is in. A process is born in it, is given the map, and ends: the descriptor keeps it.
    package static func userNamespace(uids: [IDMapping], gids: [IDMapping]) throws(CFSError) -> OwnedFD {
        let pair = try SocketPair()
        switch try ProcessControl.clone(.user) {
        case .child:
            pair.closeOurs()
            // Until the other end is closed.
            var byte: UInt8 = 0
            _ = withUnsafeMutableBytes(of: &byte) { File.read(pair.theirs, into: $0) }
            _exit(0)
        case .parent(let pid, let number):
            let pidfd = OwnedFD(number)
            pair.closeTheirs()
            let namespace: OwnedFD
            do throws(CFSError) {
                let process = try File.open("/proc/\(pid)", [.path, .directory], phase: .cloning)
                for (name, map) in [("uid_map", uids), ("gid_map", gids)] {
                    let file = try File.open(name, .write, at: process.raw, phase: .cloning)
                    try File.writeAll(file.raw, Array(map.mapText.utf8), path: name)
                }
                namespace = try File.open("ns/user", .read, at: process.raw, phase: .mounting)
            } catch {
                try end(pidfd.raw)
                throw error
            }
            try end(pidfd.raw)
            return namespace
        }
    }

    private static func end(_ pidfd: Int32) throws(CFSError) {
        try ProcessControl.signal(pidfd, SIGKILL)
        _ = try ProcessControl.reap(pidfd, wait: true)
    }
}
