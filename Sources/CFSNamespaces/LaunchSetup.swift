import CFSLinux
import CFSModel
import CFSNetworks
import CLinux
import Glibc

/// The launcher's side of a start, once the plan is known: what needs the host's privilege.
struct LaunchSetup {
    let plan: LaunchPlan
    let pid: Int32
    let socket: Int32

    /// Writes the id maps and limits, makes the mounts, looks up the user, and lets the child go on.
    func run(_ timeline: inout Timeline) throws(CFSError) {
        let process = try File.open("/proc/\(pid)", [.path, .directory], phase: .cloning)
        if plan.newNamespaces.contains(.user) {
            try write(plan.uidMappings.mapText, to: "uid_map", process.raw)
            try write(plan.gidMappings.mapText, to: "gid_map", process.raw)
        }
        if let adjustment = plan.process.oomScoreAdjustment {
            try write(oomScoreAdjustment: adjustment, process.raw)
        }
        try plan.process.setLimits(of: pid)
        timeline.mark("id maps")

        let mounts = try prepareMounts(process.raw, &timeline)
        let identity = try resolveUser(mounts.root.raw)
        timeline.mark("user")
        if !plan.networkDevices.isEmpty {
            let namespace = try File.open("ns/net", .read, at: process.raw, phase: .entering)
            try NetworkDeviceMove.carryOut(plan.networkDevices, into: namespace.raw)
        }
        let message = LaunchMessage.proceed(
            uid: identity.uid, gid: identity.gid, groups: identity.groups, home: identity.home)
        try MessageSocket.send(socket, message.bytes, descriptors: [mounts.root.raw] + mounts.others.map(\.raw))
    }

    private struct PreparedMounts {
        let root: SharedFD
        let others: [SharedFD]
    }

    private func prepareMounts(_ process: Int32, _ timeline: inout Timeline) throws(CFSError) -> PreparedMounts {
        var userNamespace: SharedFD?
        if plan.hasUserNamespace {
            userNamespace = SharedFD(try File.open("ns/user", .read, at: process, phase: .mounting))
        }
        let preparation = MountPreparation(plan: plan, userNamespace: userNamespace?.raw)
        let root = SharedFD(try preparation.root())
        timeline.mark("root file system")
        var others: [SharedFD] = []
        for mount in plan.mounts where mount.maker == .launcher {
            others.append(SharedFD(try preparation.mount(mount)))
        }
        if !plan.looseDevices.isEmpty { others.append(SharedFD(try preparation.looseDevices())) }
        timeline.mark("mounts")
        return PreparedMounts(root: root, others: others)
    }

    private func resolveUser(_ root: Int32) throws(CFSError) -> ProcessEntry.Identity {
        var identity = try ProcessEntry.Identity.resolve(
            plan.process.user, root: root, uids: plan.uidMappings, gids: plan.gidMappings)
        try identity.lookUpHome(for: plan.process, root: root)
        return identity
    }

    private func write(oomScoreAdjustment adjustment: Int, _ process: Int32) throws(CFSError) {
        do throws(CFSError) {
            try write("\(adjustment)", to: "oom_score_adj", process)
        } catch {
            // proc_pid_oom_score_adj(5): anybody may raise it, and lower it again as far as it was set with privilege.
            guard error.errno == EACCES else { throw error }
            throw CFSError(
                .notPermitted, .cloning,
                "an OOM score adjustment of \(adjustment) is below that of the caller: lowering it needs CAP_SYS_RESOURCE",
                systemCall: error.systemCall, path: error.path, errno: error.errno,
                hint: "choose a higher --oom-score-adj, or give the caller that capability")
        }
    }

    private func write(_ text: String, to name: String, _ process: Int32) throws(CFSError) {
        let file = try File.open(name, .write, at: process, phase: .cloning)
        let written = Array(text.utf8).withUnsafeBytes { File.write(file.raw, $0) }
        try checked(written, "write", .cloning, path: name)
    }
}
