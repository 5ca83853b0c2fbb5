import CFSModel

/// What a container's monitor must know to put it on its networks.
public struct NetworkSettings: Sendable, Hashable {
    /// In the order of the devices inside. Empty: loopback only, and nothing else here has an effect.
    public var endpoints: [NetworkEndpoint] = []
    public var ports: [PortMapping] = []
    public var resolver = ResolverChoices()
    public var rates = NetworkRates()
    /// Where monitors leave the names of their containers for each other, a file for each network.
    public var folder = ""

    /// The host's name inside of containers that reach it.
    public static let hostName = "host.cfs.internal"

    public init() {}

    init(folder: String) { self.folder = folder }

    init(json: JSON) throws(CFSError) {
        func damaged(_ what: String) -> CFSError {
            CFSError(
                .invalidConfiguration, .parsing, "the container's configuration has \(what) that is not understood")
        }
        for endpoint in json["endpoints"]?.array ?? [] {
            guard let endpoint = NetworkEndpoint(json: endpoint) else { throw damaged("a network") }
            endpoints.append(endpoint)
        }
        for port in json["ports"]?.array ?? [] {
            guard let port = PortMapping(json: port) else { throw damaged("a port") }
            ports.append(port)
        }
        folder = json["folder"]?.string ?? ""
        for server in json["dns"]?.strings ?? [] {
            guard let server = IPAddress(server) else { throw damaged("a name server") }
            resolver.servers.append(server)
        }
        resolver.search = json["search"]?.strings
        resolver.options = json["options"]?.strings ?? []
        for host in json["hosts"]?.array ?? [] {
            let address = host["address"]?.string
            guard let name = host["name"]?.string, address == nil || address.flatMap({ IPAddress($0) }) != nil else {
                throw damaged("a host")
            }
            resolver.hosts.append(
                ResolverChoices.HostEntry(name: name, address: address.flatMap { IPAddress($0) }))
        }
        rates.egress = json["egress"]?.unsigned
        rates.ingress = json["ingress"]?.unsigned
        rates.burst = json["burst"]?.unsigned.flatMap { UInt32(exactly: $0) }
    }

    var json: JSON {
        var builder = JSONBuilder()
        builder.set("endpoints", endpoints.map(\.json))
        builder.set("ports", ports.map(\.json))
        builder.set("folder", folder)
        builder.set("dns", resolver.servers.map(\.description))
        builder.set("search", resolver.search.map { JSON($0) })
        builder.set("options", resolver.options)
        builder.set(
            "hosts",
            resolver.hosts.map { host -> JSON in
                var builder = JSONBuilder()
                builder.set("name", host.name)
                builder.set("address", host.address?.description)
                return builder.json
            })
        builder.set("egress", rates.egress.map { JSON(unsigned: $0) })
        builder.set("ingress", rates.ingress.map { JSON(unsigned: $0) })
        builder.set("burst", rates.burst)
        return builder.json
    }

    /// The host as a container of these networks reaches it; nil where it does not.
    public func hostAddress(_ family: IPAddress.Family? = nil) -> IPAddress? {
        for endpoint in endpoints where !endpoint.network.isInternal && endpoint.network.driver == .bridge {
            for range in endpoint.network.ranges where family == nil || range.subnet.family == family {
                if let gateway = range.gateway { return gateway }
            }
        }
        return nil
    }
}
