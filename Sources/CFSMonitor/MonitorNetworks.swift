import CFSLinux
import CFSModel

/// Changes of the container's networks that a client asks for.
extension Monitor {
    /// While the command runs.
    func take(_ change: NetworkChange, by client: UInt64, _ poll: borrowing EventPoll) {
        answer(client) { () throws(CFSError) in
            // A process that was waited for has left its number to others.
            guard let live, ProcessControl.isRunning(live.pid, startTime: live.startTime) else {
                throw CFSError(.containerNotRunning, .running, "the container has ended meanwhile")
            }
            let network =
                self.network ?? ContainerNetwork(request, request.network ?? NetworkSettings(folder: change.folder))
            // What has begun belongs to the run, and ends with it.
            self.network = network
            try network.change(change, pid: live.pid, poll) { settings throws(CFSError) in try keep(settings) }
            self.live?.ports = network.ports
            if let live = self.live { try folder.writeState(live) }
            apply(change.files)
        }
    }

    /// While nothing runs and the next run is waited for: that is made by the configuration.
    func takeWaiting(_ change: NetworkChange, by client: UInt64) {
        answer(client) { () throws(CFSError) in
            try keep(try change.applied(to: try folder.readRequest().network))
            apply(change.files)
        }
    }

    private func answer(_ client: UInt64, _ body: () throws(CFSError) -> Void) {
        do throws(CFSError) {
            try body()
            clients.send(.changed, to: client)
        } catch {
            clients.send(.failed(error), to: client)
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
