import CFSImages
import CFSLinux
import CFSModel
import CFSMonitor
import CFSNamespaces
import CFSRegistry
import Glibc

extension Engine {
    /// Makes a container, without starting it: its id and name, its own folders, its configuration.
    ///
    /// An image of the catalogue that is not there yet is composed first. What fails leaves nothing behind.
    ///
    /// - Throws: `imageNotFound`, `imageHasNoCommand`, `nameTaken`, `invalidArgument`, `notPermitted`, `noSpace` and others.
    public func create(_ spec: ContainerSpec) throws(CFSError) -> Container {
        var trace = Timeline()
        trace.mark("begin")
        try check(spec)
        let id = ContainerID()
        let held = try RunLock(folder(id))
        do throws(CFSError) {
            let container = try make(spec, id, .created, &trace)
            try folder(id).sync()
            try registry.sync()
            try held.release()
            return container
        } catch {
            // The first error is the one to tell.
            discard(id, folder(id))
            throw error
        }
    }

    /// What can be said of a spec before anything is made.
    ///
    /// - Parameter withNetworks: leaves what the registry knows of its networks to the caller, who asks later.
    func check(_ spec: ContainerSpec, withNetworks: Bool = true) throws(CFSError) {
        do throws(CFSError) {
            try requirePrivilege()
        } catch {
            var error = error
            error.hint? +=
                ". Without root it would need a delegated cgroup, ranges of user ids in /etc/subuid, and an overlay that an "
                + "ordinary user may mount; cfs does not use these yet"
            throw error
        }
        try checkRequest(spec, withNetworks: withNetworks)
        try makeFolders()
    }

    /// The part of it that needs no privilege.
    ///
    /// - Parameters:
    ///   - withControllers: whether a limit must find its controller on this machine.
    ///   - makesDefault: whether the default network is made when it is asked for and not there.
    func checkRequest(
        _ spec: ContainerSpec, withControllers: Bool = true, makesDefault: Bool = true, withNetworks: Bool = true
    ) throws(CFSError) {
        if let name = spec.name { try Self.check(name: name) }
        guard spec.hostname == nil || spec.namespaces.uts == .private else {
            throw CFSError(
                .invalidArgument, .parsing, "--hostname names a container that has the host name of another: --uts",
                hint: "leave one of both away")
        }
        guard spec.restart == .no || !spec.autoRemove else {
            throw CFSError(
                .invalidArgument, .parsing, "a container cannot both remove itself at its end and be started again",
                hint: "leave --rm or --restart away")
        }
        if let health = spec.health {
            guard let first = health.command.first, !first.isEmpty, health.interval > 0, health.timeout > 0,
                health.retries > 0
            else {
                throw CFSError(
                    .invalidArgument, .parsing,
                    "a health check needs a command, and an interval, a timeout and retries above 0")
            }
        }
        if let seconds = spec.stopTimeout, !ContainerSpec.stopTimeouts.contains(seconds) {
            throw CFSError(
                .invalidArgument, .parsing, "--stop-timeout does not take \(seconds)", hint: "use seconds, 0 to 86400")
        }
        if withNetworks { try checkNetworks(spec, makesDefault: makesDefault) }
        try RequestedResources.check(
            RequestedResources.of(spec, devices: []), try cgroups(below: spec.cgroupParent),
            withControllers: withControllers)
    }

    /// Everything that a container consists of; under its lock.
    ///
    /// - Parameter phase: `created`, or `starting` when it is started at once.
    func make(
        _ spec: ContainerSpec, _ id: ContainerID, _ phase: ContainerPhase, _ trace: inout Timeline,
        _ interruption: StartInterruption? = nil
    ) throws(CFSError) -> Container {
        var store = store
        if let interruption { store.whileLocked = interruption.waitAMoment }
        let (image, row) = try register(spec, id, phase, store, &trace)
        note("create", row)
        trace.mark("registry")
        let warnings = try prepare(row, spec, image, folder(id))
        trace.mark("folders")
        return Container(id: id, engine: self, trace: trace, warnings: warnings)
    }

    /// Looks the image up and writes the row. An image that others remove in between is looked up again, a hundred times at
    /// most: one of the catalogue is composed anew, another one is not found.
    private func register(
        _ spec: ContainerSpec, _ id: ContainerID, _ phase: ContainerPhase, _ store: ImageStore, _ trace: inout Timeline
    ) throws(CFSError) -> (ImageRecord, ContainerRow) {
        var attempts = 0
        while true {
            let image = try store.image(spec.image)
            let command = try ContainerPlan.command(spec, image)
            trace.mark("image")
            var row = ContainerRow(
                id: id, name: spec.name ?? "", slot: nil, image: spec.image, imageDigest: image.digest,
                layers: image.layers.map(\.chainID), command: command, labels: spec.labels,
                createdAt: SystemClock.realtime, autoRemove: spec.autoRemove,
                decision: ContainerDecision(phase: phase, startedAt: phase == .starting ? SystemClock.realtime : nil))
            do throws(CFSError) {
                row.slot = try insert(&row, isNamed: spec.name != nil, wantsSlot: spec.namespaces.user == .private)
                return (image, row)
            } catch {
                attempts += 1
                guard error.code == .imageNotFound, attempts < 100 else { throw error }
            }
        }
    }

    /// Takes away what a failed creation or start has made.
    func discard(_ id: ContainerID, _ folder: ContainerFolder) {
        removeNetworkRemains(id, folder)
        Self.regardless { () throws(CFSError) in try folder.removeContainer() }
        Self.regardless { () throws(CFSError) in
            if let row = try registry.container(id) { note("destroy", row) }
            try registry.removeContainer(id)
        }
        Self.regardless { () throws(CFSError) in try folder.removeRun() }
    }

    /// One step of tidying up after a failure: the failure is the error to tell, and what stays here recover() finds.
    static func regardless(_ step: () throws(CFSError) -> Void) {
        do throws(CFSError) { try step() } catch { return }
    }

    /// Letters, digits, and `._-` after the first; at most 128.
    static func isPlain(_ name: String) -> Bool {
        let bytes = Array(name.utf8)
        let isPlain = bytes.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x5a).contains($0) || (0x61...0x7a).contains($0)
                || [0x2d, 0x2e, 0x5f].contains($0)
        }
        return bytes.first.map { isPlain && ![0x2d, 0x2e, 0x5f].contains($0) && bytes.count <= 128 } ?? false
    }

    static func check(name: String) throws(CFSError) {
        guard isPlain(name) else {
            throw CFSError(
                .invalidArgument, .parsing, "\"\(name.prefix(200))\" is no name for a container",
                hint: "use letters, digits, and ._- after the first, at most 128")
        }
        guard ContainerID(name) == nil else {
            throw CFSError(.invalidArgument, .parsing, "a name must not look like an id: \(name)")
        }
    }

    private func insert(_ row: inout ContainerRow, isNamed: Bool, wantsSlot: Bool) throws(CFSError) -> UInt32? {
        var attempt = 0
        while true {
            if !isNamed { row.name = NameMaker.make(attempt: attempt) }
            do throws(CFSError) {
                let isRun = row.decision.phase == .starting
                return try registry.insert(
                    row, wantsSlot: wantsSlot,
                    history: historyEntry(isRun ? "run" : "create", row, command: row.command, isDone: !isRun),
                    needsImage: true)
            } catch {
                guard error.code == .nameTaken, attempt < 20 else { throw error }
                // A container that removed itself leaves its row to the next who looks.
                let freed = try forgetIfVanished(named: row.name)
                if isNamed && !freed { throw error }
                attempt += 1
            }
        }
    }

    // MARK: Folders

    private func prepare(
        _ row: ContainerRow, _ spec: ContainerSpec, _ image: ImageRecord, _ folder: ContainerFolder
    ) throws(CFSError) -> [String] {
        var warnings: [String] = []
        let network = try networkSettings(row, spec, image)
        let plan = ContainerPlan(spec: spec, image: image, surroundings: try surroundings(row, spec, folder))
        let configuration = try plan.configuration()
        let owner = configuration.linux.uidMappings.first { $0.containerID == 0 }?.hostID ?? 0
        try Directory.make(folder.container)
        let directory = try Directory.open(folder.container)
        for (name, mode) in [("upper", UInt32(0o755)), ("work", 0o700)] {
            try Directory.make(name, mode: mode, at: directory.raw)
            if owner != 0 {
                let changed = fchownat(directory.raw, name, owner, owner, 0)
                try checked(changed == 0 ? 0 : -Int(errno), "fchownat", .preparing, path: "\(folder.container)/\(name)")
            }
        }
        var request = try request(row, spec, image, plan, configuration)
        request.network = network
        try GeneratedFiles(request, joined: joinedNetwork(request.joins), hostname: plan.hostname)
            .write(to: folder.run, owner: owner)
        warnings += try LimitWarnings.of(spec.limits)
        try File.create("config.json", request.json.bytes(), mode: 0o600, at: directory.raw)
        return warnings
    }

    private func request(
        _ row: ContainerRow, _ spec: ContainerSpec, _ image: ImageRecord, _ plan: ContainerPlan,
        _ configuration: RuntimeSpec
    ) throws(CFSError) -> MonitorRequest {
        // An overlay takes its layers from the topmost down.
        var request = MonitorRequest(id: row.id, spec: configuration, layers: store.layerPaths(image).reversed())
        request.isVolatile = spec.autoRemove
        request.user = spec.user ?? image.configuration.user
        request.groups = spec.additionalGroups
        request.initProcess = spec.initProcess
        request.name = row.name
        request.image = row.image
        request.registered = MonitorRequest.Registered(
            imageDigest: "\(row.imageDigest)", labels: row.labels.isEmpty ? nil : JSON(row.labels),
            createdAt: row.createdAt)
        request.journalPath = journal.path
        request.joins = try joined(spec.namespaces)
        request.restart = spec.restart
        request.health = try Self.health(spec, image)
        request.autoRemove = spec.autoRemove
        request.interactive = spec.interactive
        request.log = spec.log
        request.stopSignal = Self.stopSignal(spec, image)
        request.stopTimeout = spec.stopTimeout
        request.seccompFilter = try seccompFilter(spec, image, plan)
        request.pidsLimitIsDefault = spec.resources.pids == nil
        if let cgroups = try cgroups(below: spec.cgroupParent) {
            request.cgroupMountPoint = cgroups.mountPoint
            request.cgroupFolder = cgroups.folder
        }
        return request
    }

    /// What is asked for, else what the image says.
    static func health(_ spec: ContainerSpec, _ image: ImageRecord) throws(CFSError) -> HealthCheck? {
        if spec.ignoresHealth { return nil }
        if let asked = spec.health { return asked }
        guard var check = image.configuration.health?.check else {
            guard spec.healthChanges == HealthChanges() else {
                throw CFSError(
                    .invalidArgument, .preparing,
                    "options of a health check, but no health check: the image \(spec.image) has none",
                    hint: "say what to run: --health-cmd 'wget -q -O /dev/null http://127.0.0.1/'")
            }
            return nil
        }
        spec.healthChanges.apply(to: &check)
        return check
    }

    static func stopSignal(_ spec: ContainerSpec, _ image: ImageRecord) -> Int32 {
        if let asked = spec.stopSignal { return asked }
        let text = image.configuration.stopSignal
        if text.isEmpty { return SIGTERM }
        do throws(CFSError) {
            return try Signal.number(text)
        } catch {
            // An image is data: a signal that does not exist must not keep its container from running.
            return SIGTERM
        }
    }

    private func seccompFilter(
        _ spec: ContainerSpec, _ image: ImageRecord, _ plan: ContainerPlan
    ) throws(CFSError) -> String? {
        switch spec.seccomp {
        case .unconfined: return nil
        case .default:
            if spec.privileged { return nil }
            return try seccompCache.standardFilter(
                capabilities: try plan.capabilityBits(), imageArchitecture: image.architecture)
        case .profile(let text):
            let json = try JSON(parsing: Array(text.utf8), what: "the seccomp profile")
            return try seccompCache.filter(
                for: SeccompProfile(json: json, capabilities: try plan.capabilityBits()))
        }
    }

    func surroundings(
        _ row: ContainerRow, _ spec: ContainerSpec, _ folder: ContainerFolder
    ) throws(CFSError) -> ContainerPlan.Surroundings {
        var surroundings = ContainerPlan.Surroundings(
            id: row.id, name: row.name, idBase: row.slot.map { IDRanges.base(slot: $0) }, generatedFiles: folder.run)
        try join(spec.namespaces, &surroundings)
        if spec.namespaces.user == .host { surroundings.capabilities = try Capability.effective() }
        for device in spec.devices { surroundings.devices.append(try HostDevice.describe(device)) }
        return surroundings
    }
}
