import CFSModel

/// A network of containers as the packet filter knows it.
package struct FilteredNetwork: Sendable, Hashable {
    /// The bridge's name: at most 15 bytes.
    package var bridge: String
    package var subnets: [IPSubnet]
    /// Whether its containers reach each other and nobody else.
    package var isInternal: Bool
    /// Whether what leaves it has the host's address. Never true for an internal network or one without subnets.
    package var masquerades: Bool

    package init(bridge: String, subnets: [IPSubnet], isInternal: Bool, masquerades: Bool) {
        self.bridge = bridge
        self.subnets = subnets.sorted { ($0.base, $0.prefix) < ($1.base, $1.prefix) }
        self.isInternal = isInternal
        self.masquerades = masquerades && !isInternal && !subnets.isEmpty
    }
}

/// A port of the host that leads to one of a container.
package struct PublishedPort: Sendable, Hashable {
    /// IPPROTO_*.
    package enum Transport: UInt8, Sendable, Hashable, CaseIterable {
        case tcp = 6, udp = 17, sctp = 132
    }

    package var transport: Transport
    /// Nil for every address of the container address' family.
    package var hostAddress: IPAddress?
    package var hostPort: UInt16
    package var container: IPAddress
    package var containerPort: UInt16

    /// - Parameter hostAddress: nil, `0.0.0.0` and `::` are the same.
    package init(
        _ transport: Transport, hostAddress: IPAddress?, hostPort: UInt16, container: IPAddress, containerPort: UInt16
    ) {
        self.transport = transport
        self.hostAddress = hostAddress.flatMap { $0.isUnspecified ? nil : $0 }
        self.hostPort = hostPort
        self.container = container
        self.containerPort = containerPort
    }

    /// - Throws: `invalidArgument` when the addresses are of two families or a port is 0.
    func check() throws(CFSError) {
        if hostPort == 0 || containerPort == 0 {
            throw CFSError(.invalidArgument, .preparing, "a published port has a number from 1 on: \(self)")
        }
        if let hostAddress, hostAddress.family != container.family {
            throw CFSError(
                .invalidArgument, .preparing,
                "a port leads to an address of its own family, which these are not: \(self)")
        }
    }
}

extension PublishedPort: CustomStringConvertible {
    /// `192.0.2.1:8080/tcp -> 10.89.0.2:80`; the host's address is `*` for all.
    package var description: String {
        "\(hostText) -> \(Self.text(container, containerPort))"
    }

    /// `192.0.2.1:8080/tcp`.
    var hostText: String {
        let place = hostAddress.map { Self.text($0, hostPort) } ?? "*:\(hostPort)"
        return "\(place)/\(transport)"
    }

    private static func text(_ address: IPAddress, _ port: UInt16) -> String {
        address.family == .ipv6 ? "[\(address)]:\(port)" : "\(address):\(port)"
    }
}
