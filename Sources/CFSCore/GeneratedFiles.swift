import CFSLinux
import CFSModel
import Glibc

/// The three files of `/etc` that say where a container is. They lie in its run folder, anew for each start, and are bound
/// over the image's: nothing is ever written into an image's files by path.
struct GeneratedFiles {
    static let names = ["hosts", "hostname", "resolv.conf"]

    let hostname: String
    /// Whether the container has the host's network, and with it the host's resolvers.
    let sharesHostNetwork: Bool
    let hasPrivateNetwork: Bool

    var hosts: String {
        var text = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
        if hasPrivateNetwork { text += "127.0.1.1\t\(hostname)\n" }
        return text
    }

    /// Without the host's network no resolver can be reached: lookups then fail at once instead of after a timeout.
    func resolvers() throws(CFSError) -> [UInt8] {
        guard sharesHostNetwork, File.exists("/etc/resolv.conf") else {
            return Array("# No network, no resolvers: names are those of /etc/hosts.\n".utf8)
        }
        return try File.readAll(at: "/etc/resolv.conf", limit: 1 << 20)
    }

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
    /// The files of a container that was made before, by its configuration.
    init(_ configuration: RuntimeSpec) {
        let network = configuration.linux.namespaces.first { $0.type == "network" }
        self.init(
            hostname: configuration.hostname ?? Machine().hostname,
            sharesHostNetwork: network?.path != nil || network == nil,
            hasPrivateNetwork: network != nil && network?.path == nil)
    }
}
