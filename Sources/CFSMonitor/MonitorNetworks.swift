import CFSLinux
import CFSModel

/// Changes of the container's networks that a client asks for.
extension Monitor {
    /// Puts the container on its networks, before its command runs.
    ///
    /// - Parameter begun: see ``ContainerNetwork/connect(pid:_:)``.
    /// - Returns: whether it is on any.
    func connectNetworks(pid: Int32, _ begun: NetworkBeginning?) throws(CFSError) -> Bool {
        // Held, so that no other one can be taken for it: the command may go where it likes.
        if request.spec.linux.namespaces.contains(where: { $0.type == "network" && $0.path == nil }) {
            if let begun {
                namespace = begun.namespace
            } else {
                namespace = SharedFD(try File.open("/proc/\(pid)/ns/net", .read, phase: .preparing))
            }
        }
        guard let settings = request.network, !settings.endpoints.isEmpty else { return false }
        let network = ContainerNetwork(request, settings)
        try network.connect(pid: pid, begun)
        self.network = network
        return true
    }

    /// While the command runs. One that has just ended is not on the network any more: its next run will be.
    func take(_ change: NetworkChange, by client: UInt64, _ poll: borrowing EventPoll) {
        answer(client) { () throws(CFSError) in
            // A process that was waited for has left its number to others.
            guard let live, ProcessControl.isRunning(live.pid, startTime: live.startTime) else {
                return try write(change)
            }
            let network =
                self.network ?? ContainerNetwork(request, request.network ?? NetworkSettings(folder: change.folder))
            // What has begun belongs to the run, and ends with it.
            self.network = network
            do throws(CFSError) {
                // Its ports are told before the packet filter has them: recover() takes away what nobody has.
                try network.change(change, pid: live.pid, in: namespace, poll) { settings throws(CFSError) in
                    try keep(settings)
                    try tellPorts(network)
                }
            } catch {
                try tellPorts(network)
                guard error.code == .containerNotRunning else { throw error }
                return try write(change)
            }
            try tellPorts(network)
            apply(change.files)
        }
    }

    private func tellPorts(_ network: ContainerNetwork) throws(CFSError) {
        guard var live, live.ports != network.ports else { return }
        live.ports = network.ports
        self.live = live
        try folder.writeState(live)
    }

    /// While nothing runs and the next run is waited for: that is made by the configuration.
    func takeWaiting(_ change: NetworkChange, by client: UInt64) {
        answer(client) { () throws(CFSError) in try write(change) }
    }

    private func write(_ change: NetworkChange) throws(CFSError) {
        try keep(try change.applied(to: try folder.readRequest().network))
        apply(change.files)
    }

    private func answer(_ client: UInt64, _ body: () throws(CFSError) -> Void) {
        clients.send(outcome(body), to: client)
    }

    /// With the client comes the lock on the container's configuration: it is held to the end of the change, also when the
    /// client is killed meanwhile, and not longer, for the client may be gone with its answer.
    private func outcome(_ body: () throws(CFSError) -> Void) -> MonitorMessage {
        let lock = clients.takeHandedOver()
        defer { extendLifetime(lock) }
        do throws(CFSError) {
            try body()
            return .changed
        } catch {
            return .failed(error)
        }
    }

    /// What `cfs update` has changed since the start stays as it is.
    private func keep(_ settings: NetworkSettings) throws(CFSError) {
        var kept = try folder.readRequest()
        kept.network = settings
        try AtomicFile.write(kept.json.bytes(), to: folder.configPath, durable: false)
        request.network = settings
    }

    /// One that cannot be written is made anew with the next start.
    private func apply(_ files: [NetworkChange.EtcFile]) {
        for file in files {
            do throws(CFSError) { try file.apply(in: folder.run) } catch { continue }
        }
    }
}
