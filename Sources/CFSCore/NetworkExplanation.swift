import CFSModel
import CFSNetworks
import CFSRegistry

extension Engine {
    /// What a start does to put such a container on its networks; nil for one that is on none. Registry and kernel are read
    /// only.
    ///
    /// - Throws: what a start throws that is known without one: an address that another has, for example.
    func networkSteps(_ spec: ContainerSpec, _ image: ImageRecord) throws(CFSError) -> NetworkSteps? {
        guard !spec.networks.isEmpty else { return nil }
        var host = try RouteSocket()
        var places: [NetworkSteps.Place] = []
        for request in spec.networks {
            let network = try network(request.network, makesDefault: false)
            try checkPlace(on: network, request)
            var place = NetworkSteps.Place(network: network, request: request)
            place.device = Self.found(try host.link(named: network.device), for: network)
            place.isNew = try registry.network(named: network.name) == nil
            places.append(place)
        }
        return NetworkSteps(
            places: places, ports: try ports(spec, image), resolver: spec.resolver, rates: spec.networkRates,
            name: spec.name)
    }

    /// A bridge that is not up is one whose making was interrupted: it is made anew.
    private static func found(_ link: Link?, for network: NetworkRecord) -> NetworkSteps.Place.Device {
        guard let link else { return .missing }
        guard network.driver == .bridge else { return .ready }
        guard link.kind == "bridge" else { return .foreign }
        return link.isUp ? .ready : .missing
    }
}
