import CFSCgroups
import CFSLinux
import CFSModel
import CFSMonitor
import Glibc

extension Container {
    /// Changes limits, at once when the container runs, and its restart policy, which holds from its next end on. What is
    /// not named stays as it is; devices cannot be changed.
    ///
    /// A memory limit below what is in use is an error, since the kernel would kill for it.
    ///
    /// - Parameter restart: the new policy; nil for the one that it has.
    /// - Throws: `invalidConfiguration` for values that contradict each other or what was set before, or that this
    ///   machine cannot do; `conflict`, also for a policy of a container that removes itself or is being stopped;
    ///   `cgroupControllerUnavailable`. Nothing has changed then.
    public func update(
        _ changes: RuntimeSpec.Resources = RuntimeSpec.Resources(), restart: RestartPolicy? = nil
    ) throws(CFSError) {
        try engine.requirePrivilege("changing a container's limits and policy")
        let lock = try ConfigurationLock(self)
        defer { extendLifetime(lock) }
        let record = try record()
        var request = try request()
        if let restart {
            try checkRestart(restart, record)
            request.restart = restart
            if changes == RuntimeSpec.Resources() {
                return try keep(request, record, hasNewPolicy: true, UpdateWords(changes, restart))
            }
        }
        guard changes.devices.isEmpty else {
            throw CFSError(.invalidArgument, .limiting, "the devices of a container cannot be changed")
        }
        var merged = request.spec.linux.resources ?? RuntimeSpec.Resources()
        if request.pidsLimitIsDefault, changes.pids == nil { merged.pids = nil }
        merged.dropTwins(of: changes)
        merged.take(changes)
        var asked = merged
        asked.devices = []
        var settings = try Self.settings(asked, changes)
        settings.checksMemoryInUse =
            changes.memory?.limit != nil || changes.unified.contains { $0.key == "memory.max" }
        if record.state.pid != nil {
            guard let cgroups = request.cgroups else { return try RequestedResources.check(asked, nil) }
            guard let cgroup = try cgroups.cgroup(id.text) else { throw notRunning(record) }
            try cgroup.apply(settings)
        } else {
            try RequestedResources.check(asked, request.cgroups)
        }
        if request.pidsLimitIsDefault, changes.pids == nil {
            merged.pids = request.spec.linux.resources?.pids
        } else {
            request.pidsLimitIsDefault = false
        }
        request.spec.linux.resources = merged
        try keep(request, record, hasNewPolicy: restart != nil, UpdateWords(changes, restart))
    }

    /// - Throws: of a limit that contradicts what was set before the error says so: nobody has named that now.
    private static func settings(
        _ asked: RuntimeSpec.Resources, _ changes: RuntimeSpec.Resources
    ) throws(CFSError) -> CgroupSettings {
        do throws(CFSError) {
            return try CgroupSettings(asked, naming: LimitFlag.name)
        } catch {
            var error = error
            if let swap = asked.memory?.swap, changes.memory?.swap == nil,
                error.message.hasPrefix(LimitFlag.name(.memorySwap))
            {
                let size = swap < 0 ? "-1" : "\(ByteCount(UInt64(swap)))"
                error.hint = "the container has --memory-swap \(size): name it as well"
            }
            throw error
        }
    }

    private func checkRestart(_ policy: RestartPolicy, _ record: ContainerRecord) throws(CFSError) {
        guard policy != .no else { return }
        if record.autoRemove {
            throw CFSError(
                .conflict, .preparing,
                "the container \(record.name) removes itself at its end, so it cannot be started again",
                hint: "make one without --rm")
        }
        if case .stopping = record.state {
            throw CFSError(
                .conflict, .preparing, "the container \(record.name) is being stopped",
                hint: "change its restart policy when it has ended")
        }
    }

    /// - Parameters:
    ///   - hasNewPolicy: a policy must survive a power cut, and a monitor that waits to start the container again must look
    ///     at it.
    ///   - words: what has changed.
    private func keep(
        _ request: MonitorRequest, _ record: ContainerRecord, hasNewPolicy: Bool, _ words: UpdateWords
    ) throws(CFSError) {
        try AtomicFile.write(request.json.bytes(), to: folder.configPath, durable: hasNewPolicy)
        if hasNewPolicy, record.restartsAt != nil {
            Engine.regardless { () throws(CFSError) in
                try folder.connect().send(MonitorMessage.hello(version: MonitorProtocol.version).bytes)
            }
        }
        noteDone("update", words.attributes, history: "update", words.words)
    }

    /// Makes all processes of the container stand still (`cgroup.freeze`, Linux 5.2); returns once they do.
    ///
    /// - Throws: `containerNotRunning`; `conflict` when it is paused already, stands still for a ``commit(_:interruption:)``, or
    ///   does not come to rest.
    public func pause() throws(CFSError) { try pause(history: "pause") }

    /// - Parameter verb: for the history; nil when it is a part of something else.
    func pause(history verb: String?) throws(CFSError) {
        let (record, cgroup) = try runningCgroup()
        if case .paused = record.state {
            guard verb != nil, try takeStandstill(record) else {
                throw CFSError(.conflict, .stopping, "the container \(record.name) is paused already")
            }
            return noteDone("pause", history: verb)
        }
        try whileThere(record) { () throws(CFSError) in try cgroup.freeze() }
        // It may be of somebody who was killed, for whom it stood still: this pause is another one.
        if verb != nil { _ = unlink(folder.standstillPath) }
        noteDone("pause", history: verb)
    }

    /// Lets a paused container go on.
    ///
    /// - Throws: `containerNotRunning`; `conflict` when it is not paused.
    public func unpause() throws(CFSError) { try unpause(history: "unpause") }

    func unpause(history verb: String?) throws(CFSError) {
        let (record, cgroup) = try runningCgroup()
        guard case .paused = record.state else {
            throw CFSError(.conflict, .starting, "the container \(record.name) is not paused")
        }
        try whileThere(record) { () throws(CFSError) in try cgroup.thaw() }
        if verb != nil { _ = unlink(folder.standstillPath) }
        noteDone("unpause", history: verb)
    }

    /// Does something with its cgroup, which goes with its end.
    private func whileThere(_ record: ContainerRecord, _ body: () throws(CFSError) -> Void) throws(CFSError) {
        do throws(CFSError) {
            try body()
        } catch {
            guard error.errno == ENODEV || error.errno == ENOENT else { throw error }
            throw notRunning(record)
        }
    }

    /// Lets it go on, whatever it does, for what is asked of it next.
    func thaw() throws(CFSError) {
        try runningCgroup().cgroup.thaw()
        noteDone("unpause")
    }

    func runningCgroup() throws(CFSError) -> (record: ContainerRecord, cgroup: Cgroup) {
        try engine.requirePrivilege("reaching a container's cgroup")
        let record = try record()
        guard record.state.pid != nil else { throw notRunning(record) }
        guard let cgroups = try request().cgroups else {
            throw CFSError(
                .cgroupControllerUnavailable, .limiting, "this host has no cgroup v2, so the container has no cgroup")
        }
        guard let cgroup = try cgroups.cgroup(id.text) else { throw notRunning(record) }
        return (record, cgroup)
    }

    private func notRunning(_ record: ContainerRecord) -> CFSError {
        CFSError(.containerNotRunning, .limiting, "the container \(record.name) is not running")
    }
}

extension MonitorRequest {
    /// Where the container's cgroup lies; nil without cgroup v2.
    var cgroups: CgroupHierarchy? {
        guard let mountPoint = cgroupMountPoint, let folder = cgroupFolder else { return nil }
        return CgroupHierarchy(mountPoint: mountPoint, folder: folder)
    }
}

extension RuntimeSpec.Resources {
    /// Takes over what `changes` names.
    mutating func take(_ changes: RuntimeSpec.Resources) {
        if let asked = changes.memory { take(memory: asked) }
        if let asked = changes.cpu {
            var own = cpu ?? RuntimeSpec.CPU()
            own.shares = asked.shares ?? own.shares
            own.quota = asked.quota ?? own.quota
            own.period = asked.period ?? own.period
            own.burst = asked.burst ?? own.burst
            own.cpus = asked.cpus ?? own.cpus
            own.mems = asked.mems ?? own.mems
            own.idle = asked.idle ?? own.idle
            cpu = own
        }
        pids = changes.pids ?? pids
        if let asked = changes.blockIO {
            var own = blockIO ?? RuntimeSpec.BlockIO()
            own.weight = asked.weight ?? own.weight
            own.throttleReadBpsDevice.take(asked.throttleReadBpsDevice)
            own.throttleWriteBpsDevice.take(asked.throttleWriteBpsDevice)
            own.throttleReadIOPSDevice.take(asked.throttleReadIOPSDevice)
            own.throttleWriteIOPSDevice.take(asked.throttleWriteIOPSDevice)
            blockIO = own
        }
        for asked in changes.hugepageLimits {
            hugepageLimits.removeAll { $0.pageSize == asked.pageSize }
            hugepageLimits.append(asked)
        }
        for asked in changes.unified {
            unified.removeAll { $0.key == asked.key }
            unified.append(asked)
        }
    }

    private mutating func take(memory asked: RuntimeSpec.Memory) {
        var own = memory ?? RuntimeSpec.Memory()
        if let limit = asked.limit, asked.swap == nil {
            // Swap that was never asked for is as much as memory, and stays so.
            let followed = own.swap == nil || own.limit.map { $0 &+ $0 } == own.swap
            let (sum, overflow) = limit.addingReportingOverflow(limit)
            if followed { own.swap = limit <= 0 ? limit : overflow ? -1 : sum }
        }
        own.limit = asked.limit ?? own.limit
        own.swap = asked.swap ?? own.swap
        own.reservation = asked.reservation ?? own.reservation
        memory = own
    }
}

extension [RuntimeSpec.ThrottleDevice] {
    fileprivate mutating func take(_ changes: [RuntimeSpec.ThrottleDevice]) {
        for asked in changes {
            removeAll { $0.major == asked.major && $0.minor == asked.minor }
            append(asked)
        }
    }
}
