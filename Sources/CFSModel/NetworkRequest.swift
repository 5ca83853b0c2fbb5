/// A network that a container is to be on, as a caller asks for it.
public struct NetworkRequest: Sendable, Hashable {
    /// The network, by name or id.
    public var network: String
    /// Addresses of its subnets that the container must have; at most one for each family. Without one the engine chooses.
    public var addresses: [IPAddress] = []
    /// Six bytes; nil for one that the engine makes up.
    public var hardwareAddress: [UInt8]?
    /// What else it is found by on this network.
    public var aliases: [String] = []

    public init(_ network: String) { self.network = network }
}

/// What carries the packets of a port.
public enum Transport: String, Sendable, Hashable, CaseIterable { case tcp, udp, sctp }

/// A port of a container.
public struct ContainerPort: Sendable, Hashable {
    public var port: UInt16
    public var transport: Transport

    public init(_ port: UInt16, _ transport: Transport = .tcp) {
        self.port = port
        self.transport = transport
    }
}

extension ContainerPort: CustomStringConvertible {
    /// `80/tcp`.
    public var description: String { "\(port)/\(transport.rawValue)" }
}

extension ContainerPort: Comparable {
    public static func < (left: ContainerPort, right: ContainerPort) -> Bool {
        left.port != right.port ? left.port < right.port : left.transport.rawValue < right.transport.rawValue
    }
}

/// A port of the host that leads to one of a container.
public struct PortMapping: Sendable, Hashable {
    /// The address of the host; nil is any, of both families. Of a container that runs it is what is open: `0.0.0.0`, and
    /// where a device of the host has an address of IPv6, in a mapping of its own, `::`.
    public var hostAddress: IPAddress?
    /// Nil for one that is free when the container starts.
    public var hostPort: UInt16?
    public var container: ContainerPort

    public init(hostAddress: IPAddress?, hostPort: UInt16?, container: ContainerPort) {
        self.hostAddress = hostAddress
        self.hostPort = hostPort
        self.container = container
    }

    public init?(json: JSON) {
        guard let port = json["containerPort"]?.unsigned.flatMap({ UInt16(exactly: $0) }),
            let transport = json["transport"]?.string.flatMap({ Transport(rawValue: $0) })
        else { return nil }
        let address = json["hostAddress"]?.string
        guard address == nil || address.flatMap({ IPAddress($0) }) != nil else { return nil }
        self.init(
            hostAddress: address.flatMap { IPAddress($0) },
            hostPort: json["hostPort"]?.unsigned.flatMap { UInt16(exactly: $0) },
            container: ContainerPort(port, transport))
    }

    public var json: JSON {
        var builder = JSONBuilder()
        builder.set("hostAddress", hostAddress?.description)
        builder.set("hostPort", hostPort.map { UInt32($0) })
        builder.set("containerPort", UInt32(container.port))
        builder.set("transport", container.transport.rawValue)
        return builder.json
    }

    /// As `ps` shows it: `0.0.0.0:8080->80/tcp`, `[::1]:8080->80/tcp`.
    public var text: String { text(count: 1) }

    /// The same for a number of ports that follow one another, of which this is the first: `0.0.0.0:8000-8001->9000-9001/tcp`.
    public func text(count: Int) -> String {
        let host = hostAddress.map { $0.family == .ipv6 ? "[\($0)]" : "\($0)" } ?? "0.0.0.0"
        func range(_ port: UInt16) -> String { count == 1 ? "\(port)" : "\(port)-\(Int(port) + count - 1)" }
        return "\(host):\(hostPort.map(range) ?? "?")->\(range(container.port))/\(container.transport.rawValue)"
    }
}

/// How names are looked up inside.
public struct ResolverChoices: Sendable, Hashable {
    /// Who is asked for names that are none of a container; empty is whom the host asks.
    public var servers: [IPAddress] = []
    /// Domains to try; nil is those of the host.
    public var search: [String]?
    /// As in resolv.conf(5).
    public var options: [String] = []
    /// Names with an address of their own, in `/etc/hosts` and for the resolver.
    public var hosts: [HostEntry] = []

    public init() {}

    /// A name with an address; nil stands for the host, as the container reaches it.
    public struct HostEntry: Sendable, Hashable {
        public var name: String
        public var address: IPAddress?

        public init(name: String, address: IPAddress?) {
            self.name = name
            self.address = address
        }
    }
}

/// How many bits a second a container may send and receive; nil is as many as it can.
public struct NetworkRates: Sendable, Hashable {
    /// What it sends.
    public var egress: UInt64?
    /// What it receives.
    public var ingress: UInt64?
    /// Bytes that may pass at once; nil is a 100th of a second's worth, and 32 KiB at least.
    public var burst: UInt32?

    public init() {}

    public var isEmpty: Bool { egress == nil && ingress == nil }
}
