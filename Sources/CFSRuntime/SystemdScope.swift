import CFSCgroups
import CFSLinux
import CFSModel

/// A scope of systemd for one container. Its cgroup is systemd's; the container lives in one below it, which is ours: so nothing
/// that systemd does to its units takes a limit away.
///
/// ```
/// kubepods.slice / cri-containerd-ID.scope / container
///        systemd's                         | ours (Delegate=)
/// ```
struct SystemdScope {
    /// The name of the cgroup below that of the scope.
    static let cgroup = "container"
    /// That of the process which the scope begins with, as long as that is there.
    private static let waiting = "waiting"

    let unit: SystemdUnit
    let id: String
    let manager: SystemdManager

    /// Has systemd make the scope, and makes the cgroup in it. Nothing is left of either when that fails.
    func make(_ mountPoint: String, _ settings: CgroupSettings) throws(CFSError) -> MadeCgroup {
        let placeholder = try ScopePlaceholder()
        var isAsked = false
        do throws(CFSError) {
            let path = try manager.start(unit, description: "container \(id) of cfs-runtime", pid: placeholder.pid)
            isAsked = true
            let place = CgroupPlace(mountPoint, path, self)
            guard File.exists(place.hierarchy.folder) else {
                throw CFSError(
                    .kernelUnsupported, .limiting,
                    "the cgroup \(path) of \(unit.name) is not below \(mountPoint): systemd uses another hierarchy",
                    path: place.hierarchy.folder, hint: "boot with systemd.unified_cgroup_hierarchy=1")
            }
            // A cgroup that hands controllers down holds no processes, so this one goes first: not where the container's are
            // counted.
            try placeholder.move(into: place.hierarchy.create(Self.waiting, pidsLimit: nil))
            let cgroup = try place.hierarchy.create(place.name, settings: settings)
            // The scope has what its slice has, and a kubelet reads the container's own.
            try place.hierarchy.handDownAll()
            manager.close()
            return MadeCgroup(cgroup: cgroup, place: place, placeholder: placeholder)
        } catch {
            try placeholder.end()
            if isAsked { leave() }
            throw error
        }
    }

    /// Behind a failure, which is what is told: a scope without processes ends without this, too, a moment later.
    private func leave() {
        do throws(CFSError) {
            try manager.stop(unit.name)
        } catch {
            return
        }
    }
}

extension RuntimeContainer {
    /// Whether the scope that it was made in is there. Once it is empty systemd removes it, and another container's may have its
    /// name.
    var hasScope: Bool {
        guard let hierarchy, document.scopeInode != 0 else { return false }
        return File.statusIfThere(hierarchy.folder)?.inode == document.scopeInode
    }

    /// Does something in its cgroup, which systemd may remove at that moment, when nobody lives in it any more.
    ///
    /// - Returns: nil when it has none, or no longer.
    @discardableResult
    func inCgroup<Result>(_ body: (Cgroup) throws(CFSError) -> Result) throws(CFSError) -> Result? {
        guard let cgroup = try cgroup() else { return nil }
        do throws(CFSError) {
            return try body(cgroup)
        } catch {
            guard !document.unit.isEmpty, !File.exists(cgroup.path) else { throw error }
            return nil
        }
    }

    /// Ends its scope, when systemd has not seen yet that nobody lives there. Whoever makes the next one of that name need not wait.
    func endScope(_ log: RuntimeLog) {
        guard !document.unit.isEmpty, hasScope else { return }
        do throws(CFSError) {
            let manager = try SystemdManager.find(milliseconds: 5000)
            // systemd may have been at it, and another container may have the name.
            if hasScope { try manager?.stop(document.unit) }
        } catch {
            log.warning(error.description)
        }
    }
}
