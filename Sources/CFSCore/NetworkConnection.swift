import CFSLinux
import CFSModel
import CFSMonitor
import CFSNetworks
import CFSRegistry
import Glibc

extension Engine {
    /// Puts a container on one more network: at once where it runs, and with each start from then on.
    ///
    /// It gets an address, its names are told to the others there, and its published ports lead there when no network before
    /// could take them. A running container gets a device, and a default route where it had none; all of it or nothing.
    ///
    /// - Parameters:
    ///   - container: by name, id, or the beginning of one.
    ///   - network: with the addresses, the hardware address and the aliases that are wanted; without those the engine chooses.
    /// - Throws: `containerNotFound`, `networkNotFound`; `conflict` when it is on that network already, has the network of the
    ///   host or of another container, or somebody has the address or a port; `invalidArgument` for an address outside of the
    ///   network; `limitExceeded` for a network without a free one; `containerNotRunning` when it ends meanwhile; `monitorFailed`
    ///   when its monitor is of a cfs that could not do this yet; `networkFailed`. Nothing has changed then.
    public func connect(_ container: String, to network: NetworkRequest) async throws(CFSError) {
        try await Blocking.run { () throws(CFSError) in try self.container(container).connect(to: network) }
    }

    /// Takes a container off a network: its address, its names and its device there are gone when this returns, and its
    /// connections there go nowhere.
    ///
    /// Published ports that led there lead to the next of its networks that the host reaches; without one they are given back,
    /// and taken again with the next such network that it is put on.
    ///
    /// - Parameters:
    ///   - container: by name, id, or the beginning of one.
    ///   - network: by name, id, or the beginning of one.
    ///   - force: whether a container that is not on the network is fine.
    /// - Throws: `containerNotFound`, `networkNotFound`; `conflict` when it is not on that network; `containerNotRunning`,
    ///   `monitorFailed`, `networkFailed` as of ``connect(_:to:)``. Nothing has changed then.
    public func disconnect(
        _ container: String, from network: String, force: Bool = false
    ) async throws(CFSError) {
        try await Blocking.run { () throws(CFSError) in
            try self.container(container).disconnect(from: network, force: force)
        }
    }
}

extension Container {
    /// Does what ``Engine/connect(_:to:)`` says, and blocks meanwhile.
    public func connect(to request: NetworkRequest) throws(CFSError) {
        try engine.requirePrivilege("putting a container on a network")
        let network = try engine.network(request.network)
        try engine.recoverIfLost(id, lends: false)
        let lock = try ConfigurationLock(self)
        defer { extendLifetime(lock) }
        let (row, before) = (try row(), try self.request())
        try checkHasOwnNetwork(before, row)
        guard before.network?.endpoints.contains(where: { $0.network.id == network.id }) != true else {
            throw CFSError(
                .conflict, .preparing, "the container \(row.name) is on the network \(network.name) already",
                hint: "see: cfs network inspect \(network.name)")
        }
        try Engine.checkIngress(
            before.network?.rates ?? NetworkRates(), (before.network?.endpoints ?? []).map(\.network) + [network])
        // What somebody who was killed has left: nobody else is at work here.
        try engine.registry.detach(id, from: network.id)
        guard let place = try engine.places(row, on: [network], [request]).first else { return }
        let endpoint = NetworkEndpoint(
            network: place.network, interface: "", addresses: place.row.addresses,
            hardwareAddress: place.row.hardwareAddress, names: request.aliases + [id.short])
        do throws(CFSError) {
            try make(.connect(endpoint, name: row.name), row, before, lock)
        } catch {
            // A monitor that was killed right behind the change: the next start has it.
            if !isConfigured(on: network.id) {
                Engine.regardless { () throws(CFSError) in try engine.registry.detach(id, from: network.id) }
                throw namingOwner(error, of: before.network?.ports ?? [])
            }
        }
        engine.note("network connect", row, [EngineEvent.Attribute("network", network.name)])
        engine.remember("network connect", row, command: [network.name])
    }

    /// Does what ``Engine/disconnect(_:from:force:)`` says, and blocks meanwhile.
    public func disconnect(from reference: String, force: Bool = false) throws(CFSError) {
        try engine.requirePrivilege("taking a container off a network")
        let network = try engine.network(reference)
        try engine.recoverIfLost(id, lends: false)
        let lock = try ConfigurationLock(self)
        defer { extendLifetime(lock) }
        let (row, before) = (try row(), try request())
        guard before.network?.endpoints.contains(where: { $0.network.id == network.id }) == true else {
            // What somebody who was killed has left: nobody else is at work here.
            try engine.registry.detach(id, from: network.id)
            if force { return }
            try checkHasOwnNetwork(before, row)
            let names = (before.network?.endpoints ?? []).map(\.network.name)
            throw CFSError(
                .conflict, .preparing, "the container \(row.name) is not on the network \(network.name)",
                hint: names.isEmpty ? "it is on none" : "it is on \(names.text(separator: ", "))")
        }
        do throws(CFSError) {
            try make(.disconnect(network.id), row, before, lock)
        } catch {
            if isConfigured(on: network.id) { throw error }
        }
        try engine.registry.detach(id, from: network.id)
        engine.note("network disconnect", row, [EngineEvent.Attribute("network", network.name)])
        engine.remember("network disconnect", row, command: [network.name])
    }

    /// Of ports that it has itself nobody else can be the owner.
    private func namingOwner(_ failure: CFSError, of ports: [PortMapping]) -> CFSError {
        do throws(CFSError) {
            return try record().ports.isEmpty ? engine.namingOwner(failure, of: ports) : failure
        } catch {
            return failure
        }
    }

    /// Whether its configuration has a network; one that cannot be read may have it.
    func isConfigured(on network: String) -> Bool {
        guard let request = Engine.request(of: folder) else { return true }
        return request.network?.endpoints.contains { $0.network.id == network } ?? false
    }

    private func checkHasOwnNetwork(_ request: MonitorRequest, _ row: ContainerRow) throws(CFSError) {
        if let join = request.joins.first(where: { $0.kind == "network" }) {
            let owner = try engine.registry.container(join.container)?.name ?? join.container.short
            throw CFSError(
                .conflict, .preparing, "the container \(row.name) shares the network of \(owner)",
                hint: "its networks are those of \(owner): name that one")
        }
        let namespace = request.spec.linux.namespaces.first { $0.type == "network" }
        if namespace == nil {
            throw CFSError(
                .conflict, .preparing, "the container \(row.name) has the host's network, and can be on no other",
                hint: "make one without --network host")
        }
        if let path = namespace?.path {
            throw CFSError(
                .conflict, .preparing,
                "the container \(row.name) has the network namespace \(path), which is somebody else's",
                hint: "make one without --network \(path)")
        }
    }

    /// Has the change made: by its monitor where there is one.
    private func make(
        _ step: NetworkChange.Step, _ row: ContainerRow, _ before: MonitorRequest, _ lock: borrowing ConfigurationLock
    ) throws(CFSError) {
        var change = NetworkChange(step, folder: engine.networkFolder, files: [])
        var after = before
        after.network = try change.applied(to: before.network)
        if let held = try RunLock(ifStopped: folder) {
            do throws(CFSError) {
                // What has changed since it was read: a start writes, too.
                var kept = try request()
                kept.network = try change.applied(to: kept.network)
                try AtomicFile.write(kept.json.bytes(), to: folder.configPath, durable: true)
            } catch {
                Engine.regardless { () throws(CFSError) in try held.release() }
                throw error
            }
            try held.release()
        } else {
            change.files = try Self.files(before, after, sharer: nil)
            try ask(change, row, lock)
            try folder.sync()
            tellSharers(before, after)
        }
        try engine.registry.sync()
    }

    private static func files(
        _ before: MonitorRequest, _ after: MonitorRequest, sharer: MonitorRequest?
    ) throws(CFSError) -> [NetworkChange.EtcFile] {
        // Of one that shares the namespace of another, the networks are that one's.
        let (old, new) = (
            GeneratedFiles(sharer ?? before, joined: sharer == nil ? nil : before),
            GeneratedFiles(sharer ?? after, joined: sharer == nil ? nil : after)
        )
        return [
            NetworkChange.EtcFile(.hosts, before: old.hosts, after: new.hosts),
            NetworkChange.EtcFile(
                .resolvers, before: String(decoding: try old.resolvers(), as: UTF8.self),
                after: String(decoding: try new.resolvers(), as: UTF8.self)),
        ]
    }

    private func ask(
        _ change: NetworkChange, _ row: ContainerRow, _ lock: borrowing ConfigurationLock
    ) throws(CFSError) {
        let message = MonitorMessage.network(change)
        // What one message can be.
        guard message.bytes.count < 64 << 10 else {
            throw CFSError(
                .limitExceeded, .running,
                "the labels of the network and the hosts of the container \(row.name) are too long to be handed over",
                hint: "stop the container first: then its next start has them")
        }
        let monitor = try monitor(row)
        try monitor.require(MonitorProtocol.networking)
        // The monitor goes on when this process is killed: until it has done, nobody else changes anything here.
        try monitor.tell(message, descriptors: [lock.descriptor])
        switch try monitor.answer() {
        case .changed: return
        case .failed(let error): throw error
        case .refused(let reason):
            throw CFSError(.monitorFailed, .running, "the networks of \(row.name) cannot be changed: \(reason)")
        default: throw CFSError(.monitorFailed, .running, "the answer of the monitor is not understood")
        }
    }

    private func monitor(_ row: ContainerRow) throws(CFSError) -> MonitorCall {
        // A monitor that starts a container answers when that runs: what keeps it from that is not to be waited for.
        let record = try record()
        guard record.state.pid != nil || record.restartsAt != nil else { throw busy(row) }
        do throws(CFSError) {
            return try MonitorCall(
                self, row,
                tooOld: CFSError(
                    .monitorFailed, .running,
                    "the networks of \(row.name) cannot be changed while it runs: its monitor is of an older cfs",
                    hint: "stop it first: cfs stop \(row.name)"))
        } catch {
            guard error.code == .containerNotRunning else { throw error }
            throw busy(row)
        }
    }

    private func busy(_ row: ContainerRow) -> CFSError {
        CFSError(
            .conflict, .running, "the container \(row.name) is being started, or has just ended",
            hint: "try again when it has")
    }

    /// Who shares its network namespace has files of `/etc` of its own. What cannot be written there harms nobody.
    private func tellSharers(_ before: MonitorRequest, _ after: MonitorRequest) {
        Engine.regardless { () throws(CFSError) in
            for row in try engine.registry.containers() where row.id != id {
                let folder = engine.folder(row.id)
                guard File.exists(folder.statePath), let sharer = Engine.request(of: folder),
                    sharer.joins.contains(where: { $0.kind == "network" && $0.container == id })
                else { continue }
                for file in try Self.files(before, after, sharer: sharer) {
                    Engine.regardless { () throws(CFSError) in try file.apply(in: folder.run) }
                }
            }
        }
    }
}
