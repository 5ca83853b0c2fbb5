import CFSCgroups
import CFSLinux
import CFSModel
import CFSMonitor
import CFSNamespaces

extension Engine {
    /// Makes a container and starts it: what ``create(_:)`` and ``Container/start(_:)`` do one after the other, with the two
    /// processes at work at the same time. Returns once the command runs.
    ///
    /// - Parameters:
    ///   - streams: what the command's standard streams are connected to.
    ///   - interruption: how to end the start while it hangs.
    ///   - created: called when the container is made and before its command runs; what it throws ends the start.
    /// - Throws: what creating and starting throw. Nothing is left of the container then.
    public func launch(
        _ spec: ContainerSpec, _ streams: Streams = .none, interruption: StartInterruption? = nil,
        created: (Container) throws(CFSError) -> Void = { _ in }
    ) throws(CFSError) -> (container: Container, session: Session) {
        let launched = try start(spec, streams, interruption, created)
        do throws(CFSError) {
            try launched.safety?.finish()
        } catch {
            // What was promised to last must not run without that.
            Self.regardless { () throws(CFSError) in
                try launched.container.remove(force: true)
                launched.helper.cancel()
            }
            rememberFailure(of: launched.container.id, error)
            throw error
        }
        return (launched.container, launched.session)
    }

    /// A container whose command runs. Its monitor has its lock, and nobody else.
    private struct Launched {
        let container: Container
        let session: Session
        let helper: StartingHelper
        /// Is to be waited for; nil for what nobody wants to survive a power cut.
        let safety: ConcurrentWork?
    }

    private func start(
        _ spec: ContainerSpec, _ streams: Streams, _ interruption: StartInterruption?,
        _ created: (Container) throws(CFSError) -> Void
    ) throws(CFSError) -> Launched {
        var trace = Timeline()
        trace.mark("begin")
        try check(spec, withNetworks: false)
        let id = ContainerID()
        let folder = folder(id)
        let held = try RunLock(folder)
        do throws(CFSError) {
            let helper = try StartingHelper(
                self, folder, held, streams, sealed: spec.namespaces.user != .private, interruption)
            trace.mark("spawn")
            do throws(CFSError) {
                if let preparation = try preparation(spec, id, folder) { try helper.send(.prepare(preparation)) }
                // While the other process begins: it opens the registry.
                try checkNetworks(spec, makesDefault: true)
                let container = try make(spec, id, .starting, &trace, interruption)
                try created(container)
                // A container that is gone with its end has nothing that a power cut could take.
                let safety = spec.autoRemove ? nil : makeSafe(container)
                let session = try container.start(helper, container.trace, removes: spec.autoRemove)
                extendLifetime(held)
                if !spec.autoRemove { container.confirmStart() }
                return Launched(container: container, session: session, helper: helper, safety: safety)
            } catch {
                helper.cancel()
                throw error
            }
        } catch {
            let error = explainingCommand(namingOwner(error, of: spec.ports), of: spec.image, spec.image)
            rememberFailure(of: id, error)
            discard(id, folder)
            throw error
        }
    }

    /// Writes a new container to the disk while it is started: its existence survives a power cut once it was told.
    private func makeSafe(_ container: Container) -> ConcurrentWork {
        ConcurrentWork { [self] () throws(CFSError) in
            try container.folder.sync()
            try registry.sync()
        }
    }

    /// What can be done before the image and the row are there; nil when namespaces are joined, which need looking up, and
    /// for a cgroup in a place of its own, which recover() finds by the container's configuration only.
    private func preparation(
        _ spec: ContainerSpec, _ id: ContainerID, _ folder: ContainerFolder
    ) throws(CFSError) -> StartPreparation? {
        if spec.cgroupParent != nil { return nil }
        var flags: NamespaceFlags = .mount
        for (kind, choice) in spec.namespaces.byKind {
            switch choice {
            case .private: flags.formUnion(NamespaceFlags(named: kind) ?? [])
            case .host: continue
            case .container, .path: return nil
            }
        }
        let cgroups = try cgroups()
        var devices: [RuntimeSpec.Device] = []
        for device in spec.devices { devices.append(try HostDevice.describe(device)) }
        let resources = RequestedResources.of(spec, devices: devices)
        return StartPreparation(
            id: id, container: folder.container, run: folder.run, newNamespaces: flags.subtracting(.cgroup),
            unsharesCgroup: flags.contains(.cgroup), cgroupMountPoint: cgroups?.mountPoint,
            cgroupFolder: cgroups?.folder,
            pidsLimit: UInt64(ContainerPlan.pidsLimit),
            resources: resources == RuntimeSpec.Resources() ? nil : resources,
            terminal: spec.terminal, interactive: spec.interactive, hasNetworks: !spec.networks.isEmpty)
    }
}
