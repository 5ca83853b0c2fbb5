import CFSCgroups
import CFSLinux
import CFSModel
import CFSNamespaces
import Glibc

/// The making of a container from an image: all but its processes is made as for `create`.
final class ContainerRestoring {
    let making: ContainerMaking
    let options: CheckpointOptions
    let program: String
    /// What the processes run under, when not under what they ran under.
    let profile: String?
    let mountContext: String?
    /// The outer side of the container's terminal, when it has one and nobody else takes it.
    private var terminal: SharedFD?
    private var cgroup: Cgroup?
    /// CRIU finds its folders among the descriptors of this process.
    private var opened: [SharedFD] = []

    init(
        making: ContainerMaking, options: CheckpointOptions, program: String, profile: String?, mountContext: String?
    ) {
        self.making = making
        self.options = options
        self.program = program
        self.profile = profile
        self.mountContext = mountContext
    }

    /// - Returns: the container, a pidfd of its process, which is a child of this process, and its terminal.
    func restore() throws(CFSError) -> (container: RuntimeContainer, process: SharedFD, terminal: SharedFD?) {
        let spec = making.configuration.spec
        let place = try making.place()
        var container = making.container(in: place)
        var isOwnCgroup = false
        let lock = try making.makeFolder(container)
        defer { lock.unlock() }
        do throws(CFSError) {
            try place?.check()
            try File.create("\(container.folder)/config.json", making.configuration.bytes, mode: 0o600)
            try container.write()
            let made = try place?.make(spec.linux.resources)
            isOwnCgroup = true
            try made?.limitDevices()
            cgroup = made?.cgroup
            let process = try SharedFD(run(&container, place))
            return (container, process, terminal)
        } catch {
            if !isOwnCgroup { container.document.forgetCgroup() }
            do throws(CFSError) {
                try DeleteCommand.destroy(container, spec.hooks, making.log)
            } catch let leftover {
                making.log.warning(leftover.description)
            }
            throw error
        }
    }

    private func run(_ container: inout RuntimeContainer, _ place: CgroupPlace?) throws(CFSError) -> OwnedFD {
        let started = try startInPlace(place)
        let answer = try started.finish { told throws(CFSError) in
            switch told.script {
            case "setup-namespaces":
                // CRIU moves it itself, unless it was told to leave cgroups alone, now or when the image was written.
                try cgroup?.attach(told.pid)
                try runHooks(container, told.pid)
            case "orphan-pts-master": try take(told.descriptors)
            case "post-restore": try record(told.pid, &container)
            default: break
            }
        }
        let pid = Int32(clamping: try answer.message(4)?.number(1) ?? 0)
        if container.document.pid != pid { try record(pid, &container) }
        guard let process = try ProcessControl.open(pid: pid) else {
            throw CFSError(.conflict, .starting, "the restored process \(pid) has ended")
        }
        return process
    }

    /// CRIU wants the root to be a mount point, so it works in a mount namespace where it is one; nobody else sees that. It mounts
    /// in its working folder, too, which therefore is opened there.
    private func startInPlace(_ place: CgroupPlace?) throws(CFSError) -> CRIUService.Started {
        let host = try File.open("/proc/self/ns/mnt", .read, phase: .mounting)
        try ProcessControl.unshare(.mount)
        do throws(CFSError) {
            try Mounting.makeAllPrivate()
            let spec = making.configuration.spec
            let rootfs = making.configuration.rootfs
            try makePlaces(rootfs)
            let tree = try Mounting.cloneTree(rootfs, recursive: true)
            // CRIU binds it as it is.
            if spec.root.readonly { try Mounting.setAttributes(tree.raw, set: .readOnly) }
            let folder = try Directory.open(rootfs)
            try Mounting.attach(tree.raw, onto: folder.raw, path: rootfs)
            var folders = try options.openFolders()
            let image = try CheckpointImage(folder: folders.image.raw)
            try image.check(spec)
            try image.checkStreams()
            var sources = try sources(image, place)
            if !spec.linux.uidMappings.isEmpty, !spec.linux.gidMappings.isEmpty {
                let staging = try RestoreStaging(
                    try making.plan(place),
                    away: [rootfs, options.image, options.work, program] + NamespacesByPath(spec).namespaces.map(\.path)
                )
                sources = try staging.stage(sources)
                folders.image = try staging.show(folders.image)
            }
            let started = try service(folders, place, image, sources).start()
            try ProcessControl.enter(host.raw, .mount)
            opened = [folders.image, folders.work]
            return started
        } catch {
            try ProcessControl.enter(host.raw, .mount)
            throw error
        }
    }

    /// A root that no container was made in has not all places that something is mounted on.
    private func makePlaces(_ rootfs: String) throws(CFSError) {
        let mounts = making.configuration.spec.mounts
        let root = try Directory.open(rootfs)
        // Where CRIU puts the old root when it changes to the new one. In a root that can be written it makes a folder.
        if making.configuration.spec.root.readonly {
            try RootMount.makePlace("/tmp", root: root.raw, isFolder: true)
        }
        for mount in mounts {
            let place = mount.destination.pathNames
            let isBelowAnother = mounts.contains { other in
                let above = other.destination.pathNames
                return above.count < place.count && !above.isEmpty && place.starts(with: above)
            }
            guard !isBelowAnother, !place.isEmpty else { continue }
            let source = CheckpointImage.isBind(mount) ? File.statusIfThere(mount.source, followLinks: true) : nil
            try RootMount.makePlace(mount.destination, root: root.raw, isFolder: source?.isDirectory ?? true)
        }
    }

    private func sources(
        _ image: CheckpointImage, _ place: CgroupPlace?
    ) throws(CFSError) -> [(name: String, source: CheckpointImage.Source)] {
        try image.mounts.map { name throws(CFSError) in
            guard let source = try image.source(of: name, making.configuration.spec, cgroup: place?.path) else {
                throw CFSError(
                    .invalidConfiguration, .preparing,
                    "the image has a mount at \(name), and the configuration has none", path: name,
                    hint: "restore takes the configuration that the container had")
            }
            return (name, source)
        }
    }

    private func service(
        _ folders: (image: SharedFD, work: SharedFD), _ place: CgroupPlace?, _ image: CheckpointImage,
        _ sources: [(name: String, source: CheckpointImage.Source)]
    ) throws(CFSError) -> CRIUService {
        let spec = making.configuration.spec
        var message = options.message(.restore, folders, spec)
        message.set(13, making.configuration.rootfs)
        message.set(26, true)
        if let place, options.managesCgroups {
            var root = ProtobufMessage()
            root.set(2, String(place.path.dropFirst(place.hierarchy.mountPoint.count)))
            message.set(25, root)
        }
        if let profile { message.set(53, profile) }
        if let mountContext { message.set(63, mountContext) }
        for case (let name, .host(let path)) in sources { message.set(37, "mnt[\(name)]:\(path)") }
        var inherited = InheritedDescriptors()
        for number in InheritedDescriptors.order(image.streams) {
            inherited.add(Int32(number), key: image.streams[number])
        }
        try NamespacesByPath(spec).join(&message, &inherited)
        let given = inherited.give(to: &message)
        var own: Spawn.Own = making.options.ownsKeyring ? .keyring : []
        if spec.process.noNewPrivileges || image.forbidsNewPrivileges { own.insert(.noNewPrivileges) }
        return CRIUService(
            kind: .restore, options: message, program: program, workFolder: options.work, descriptors: given, own: own,
            kept: inherited)
    }

    private func runHooks(_ container: RuntimeContainer, _ pid: Int32) throws(CFSError) {
        let hooks = making.configuration.spec.hooks
        let state = container.document.state(.creating, pid: pid).json.bytes()
        try hooks.prestart.map { HookPlan($0) }.run(state: state, point: "prestart")
        try hooks.createRuntime.map { HookPlan($0) }.run(state: state, point: "createRuntime")
    }

    private func take(_ descriptors: [Int32]) throws(CFSError) {
        guard let first = descriptors.first else { return }
        let copy = fcntl(first, F_DUPFD_CLOEXEC, 3)
        let owned = SharedFD(OwnedFD(try checked(copy == -1 ? -Int(errno) : Int(copy), "fcntl", .starting)))
        if let path = making.options.consoleSocket {
            try ConsoleSocket.send(owned, to: path)
        } else {
            terminal = owned
        }
    }

    /// Before its processes go on.
    private func record(_ pid: Int32, _ container: inout RuntimeContainer) throws(CFSError) {
        container.document.pid = pid
        container.document.startTime = ProcessControl.startTime(of: pid) ?? 0
        container.document.isRestored = true
        try container.write()
        if let path = making.options.pidFile {
            try AtomicFile.write(Array("\(pid)".utf8), to: path, mode: 0o644, durable: false)
        }
    }
}
