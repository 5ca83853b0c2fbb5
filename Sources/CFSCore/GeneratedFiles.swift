import CFSLinux
import CFSModel
import CFSMonitor
import CFSNetworks
import Glibc

/// The three files of `/etc` that say where a container is. They lie in its run folder, anew for each start, and are bound
/// over the image's: nothing is ever written into an image's files by path.
struct GeneratedFiles {
    static let names = ["hosts", "hostname", "resolv.conf"]

    let hostname: String
    /// Whether the container has the host's network, and with it the host's resolvers.
    let sharesHostNetwork: Bool
    let hasPrivateNetwork: Bool
    /// Nil for one that is on no network.
    var network: NetworkSettings?

    var hosts: String {
        var text = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
        let addresses = network?.endpoints.flatMap(\.addresses) ?? []
        for address in addresses { text += "\(address)\t\(hostname)\n" }
        if hasPrivateNetwork, addresses.isEmpty { text += "127.0.1.1\t\(hostname)\n" }
        for entry in network?.resolver.hosts ?? [] {
            guard let address = entry.address ?? network?.hostAddress() else { continue }
            text += "\(address)\t\(entry.name)\n"
        }
        return text
    }

    /// Without the host's network no resolver can be reached: lookups then fail at once instead of after a timeout.
    func resolvers() throws(CFSError) -> [UInt8] {
        if let network {
            let host =
                File.exists(Self.hostResolvers) ? try File.readAll(at: Self.hostResolvers, limit: 1 << 20) : []
            var text = "nameserver \(ResolverSockets.address)\n"
            let search =
                network.resolver.search ?? ResolverConfiguration(String(decoding: host, as: UTF8.self)).search
            if !search.isEmpty { text += "search \(search.text(separator: " "))\n" }
            // Of two values some C libraries take the first.
            let own = network.resolver.options
            let isGiven = own.contains { $0.hasPrefix("ndots:") }
            text += "options \(((isGiven ? [] : ["ndots:0"]) + own).text(separator: " "))\n"
            return Array(text.utf8)
        }
        guard sharesHostNetwork, File.exists(Self.hostResolvers) else {
            return Array("# No network, no resolvers: names are those of /etc/hosts.\n".utf8)
        }
        return try File.readAll(at: Self.hostResolvers, limit: 1 << 20)
    }

    private static let hostResolvers = "/etc/resolv.conf"

    /// Writes the files for a container whose root is `owner` on the host, so that it can change them.
    func write(to path: String, owner: UInt32) throws(CFSError) {
        let folder = try Directory.open(path)
        let contents = [Array(hosts.utf8), Array("\(hostname)\n".utf8), try resolvers()]
        for (name, content) in zip(Self.names, contents) {
            let file = try File.open(
                name, [.write, .create, .truncate, .noFollow], mode: 0o644, at: folder.raw, phase: .preparing)
            try File.writeAll(file.raw, content, path: name)
            if owner != 0 {
                try checked(fchown(file.raw, owner, owner) == 0 ? 0 : -Int(errno), "fchown", .preparing, path: name)
            }
        }
    }
}

extension GeneratedFiles {
    /// The files of a container, by its configuration.
    ///
    /// - Parameters:
    ///   - joined: the configuration of the container whose network namespace it shares; nil for none.
    ///   - hostname: nil is that of the configuration, else the host's.
    init(_ request: MonitorRequest, joined: MonitorRequest?, hostname: String? = nil) {
        let network = (joined ?? request).spec.linux.namespaces.first { $0.type == "network" }
        self.init(
            hostname: hostname ?? request.spec.hostname ?? Machine().hostname,
            sharesHostNetwork: network?.path != nil || network == nil,
            hasPrivateNetwork: joined == nil && network != nil && network?.path == nil,
            network: (joined ?? request).network.flatMap { $0.endpoints.isEmpty ? nil : $0 })
    }
}
