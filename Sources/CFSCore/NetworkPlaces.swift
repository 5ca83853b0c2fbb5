import CFSLinux
import CFSModel
import CFSNetworks
import CFSRegistry

/// The places that containers have on networks: their rows in the registry, with the addresses that nobody else is given.
extension Engine {
    /// Chooses a container's places on networks, and writes them down: all or none.
    func places(
        _ row: ContainerRow, on networks: [NetworkRecord], _ requests: [NetworkRequest]
    ) throws(CFSError) -> [(network: NetworkRecord, row: EndpointRow)] {
        var ofHost: [[IPAddress]] = []
        for network in networks { ofHost.append(try Self.hostAddresses(below: network)) }
        do throws(CFSError) {
            return try attach(row, networks, requests, ofHost)
        } catch {
            guard [.conflict, .limitExceeded].contains(error.code) else { throw error }
            // Somebody has what is wanted: perhaps only one who has left.
            for network in networks { try forgetUnusedPlaces(on: network.id) }
            return try attach(row, networks, requests, ofHost)
        }
    }

    private func attach(
        _ row: ContainerRow, _ networks: [NetworkRecord], _ requests: [NetworkRequest], _ ofHost: [[IPAddress]]
    ) throws(CFSError) -> [(network: NetworkRecord, row: EndpointRow)] {
        do throws(CFSError) {
            return try registry.attach(row.id, to: networks.map(\.id)) { index, network, others throws(CFSError) in
                let choice = EndpointChoice(network, requests[index], beside: others, ofHost[index])
                let addresses = try choice.addresses()
                return EndpointRow(
                    container: row.id, network: network.id, addresses: addresses,
                    hardwareAddress: try choice.hardwareAddress(addresses))
            }
        } catch {
            throw try namingOwnerOfAddress(error)
        }
    }

    /// Whether a container could have its place on a network now; nothing is written down.
    ///
    /// - Throws: what ``places(_:on:_:)`` throws.
    func checkPlace(on network: NetworkRecord, _ request: NetworkRequest) throws(CFSError) {
        do throws(CFSError) {
            let choice = EndpointChoice(
                network, request, beside: try usedPlaces(on: network.id),
                try Self.hostAddresses(below: network))
            _ = try choice.hardwareAddress(try choice.addresses())
        } catch {
            throw try namingOwnerOfAddress(error)
        }
    }

    /// Those of the device below the containers' devices. Of a bridge the host has the gateway only.
    private static func hostAddresses(below network: NetworkRecord) throws(CFSError) -> [IPAddress] {
        guard network.driver != .bridge else { return [] }
        var host = try RouteSocket()
        guard let parent = try host.link(named: network.device) else { return [] }
        return try host.addresses(of: parent.index).map(\.address)
    }

    private func namingOwnerOfAddress(_ error: CFSError) throws(CFSError) -> CFSError {
        guard let owner = error.path.flatMap({ ContainerID($0) }) else { return error }
        var told = error
        let name = try registry.container(owner)?.name ?? owner.short
        (told.path, told.message) = (nil, "\(error.message): \(name) has it")
        return told
    }

    /// The places on a network of those who are on it: without those that a `connect` has not used yet, and those that a killed
    /// `connect` or `disconnect` has left.
    func usedPlaces(on network: String) throws(CFSError) -> [EndpointRow] {
        try registry.endpoints(on: network).filter { !isUnused($0) }
    }

    /// Whether a container's configuration does not have a place that it has in the registry.
    private func isUnused(_ place: EndpointRow) -> Bool {
        let container = Container(id: place.container, engine: self)
        // While a container is made, its places are there before its configuration.
        return File.exists(container.folder.configPath) && !container.isConfigured(on: place.network)
    }

    /// Gives back the places that a killed `connect` or `disconnect` has left. See ``recover()``.
    ///
    /// - Parameter network: those of this one; nil for those of all.
    /// - Returns: how many.
    @discardableResult
    func forgetUnusedPlaces(on network: String? = nil) throws(CFSError) -> Int {
        var count = 0
        let places = if let network { try registry.endpoints(on: network) } else { try registry.endpoints() }
        for place in places where isUnused(place) {
            do throws(CFSError) {
                // Whoever has the lock is about to use it, or to give it back.
                guard let lock = try ConfigurationLock(ifFree: Container(id: place.container, engine: self)) else {
                    continue
                }
                defer { extendLifetime(lock) }
                guard isUnused(place) else { continue }
                let isGone = try reserve.lend { () throws(CFSError) in
                    try registry.detach(place.container, from: place.network)
                }
                if isGone { count += 1 }
            } catch {
                guard error.code == .containerNotFound else { throw error }
            }
        }
        return count
    }
}

extension EndpointChoice {
    /// - Parameters:
    ///   - others: the places that there are on the network.
    ///   - ofHost: see ``ofHost``.
    init(
        _ network: NetworkRecord, _ request: NetworkRequest, beside others: [EndpointRow], _ ofHost: [IPAddress]
    ) {
        self.init(
            network: network, request: request,
            taken: others.flatMap { other in other.addresses.map { ($0, other.container) } },
            hardwareTaken: others.map(\.hardwareAddress), ofHost: ofHost)
    }
}
