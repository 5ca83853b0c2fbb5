import CFSModel

/// A change of the networks of a container whose monitor is asked for it (``MonitorProtocol/networking``).
public struct NetworkChange: Sendable, Equatable {
    public enum Step: Sendable, Equatable {
        /// The device's name is the monitor's to choose. With what the container is called at this moment.
        case connect(NetworkEndpoint, name: String)
        /// A network, by its id.
        case disconnect(String)
    }

    /// A file of the container's `/etc`, as the engine writes it before and after the change.
    public struct EtcFile: Sendable, Equatable {
        public enum Name: String, Sendable, CaseIterable {
            case hosts
            case resolvers = "resolv.conf"
        }

        public var name: Name
        public var before: String
        public var after: String

        public init(_ name: Name, before: String, after: String) {
            (self.name, self.before, self.after) = (name, before, after)
        }
    }

    public var step: Step
    /// See ``NetworkSettings/folder``; for a container that was on no network.
    public var folder: String
    public var files: [EtcFile]

    public init(_ step: Step, folder: String, files: [EtcFile]) {
        (self.step, self.folder, self.files) = (step, folder, files)
    }

    /// What the container's settings become.
    ///
    /// - Parameter interface: of a new device; nil for the first of `eth0`, `eth1`, ... that no other has.
    /// - Throws: `conflict` when it is on the network already, or is not on it.
    public func applied(to settings: NetworkSettings?, interface: String? = nil) throws(CFSError) -> NetworkSettings {
        var settings = settings ?? NetworkSettings()
        if settings.folder.isEmpty { settings.folder = folder }
        switch step {
        case .connect(var endpoint, _):
            guard !settings.endpoints.contains(where: { $0.network.id == endpoint.network.id }) else {
                throw CFSError(
                    .conflict, .running, "the container is on the network \(endpoint.network.name) already")
            }
            endpoint.interface = interface ?? settings.freeInterface()
            settings.endpoints.append(endpoint)
        case .disconnect(let network):
            guard settings.endpoints.contains(where: { $0.network.id == network }) else {
                throw CFSError(.conflict, .running, "the container is not on that network")
            }
            settings.endpoints.removeAll { $0.network.id == network }
        }
        return settings
    }

    var json: JSON {
        var builder = JSONBuilder()
        builder.set("do", "network")
        switch step {
        case .connect(let endpoint, let name):
            builder.set("connect", endpoint.json)
            builder.set("name", name)
        case .disconnect(let network): builder.set("disconnect", network)
        }
        builder.set("folder", folder)
        builder.set(
            "files",
            files.map { file -> JSON in
                ["name": .string(file.name.rawValue), "before": .string(file.before), "after": .string(file.after)]
            })
        return builder.json
    }

    init?(json: JSON) {
        guard let folder = json["folder"]?.string else { return nil }
        var files: [EtcFile] = []
        for file in json["files"]?.array ?? [] {
            guard let name = file["name"]?.string.flatMap({ EtcFile.Name(rawValue: $0) }),
                let before = file["before"]?.string, let after = file["after"]?.string
            else { return nil }
            files.append(EtcFile(name, before: before, after: after))
        }
        if let endpoint = json["connect"] {
            guard let endpoint = NetworkEndpoint(json: endpoint), let name = json["name"]?.string else { return nil }
            self.init(.connect(endpoint, name: name), folder: folder, files: files)
        } else {
            guard let network = json["disconnect"]?.string else { return nil }
            self.init(.disconnect(network), folder: folder, files: files)
        }
    }
}

extension NetworkSettings {
    /// The first of `eth0`, `eth1`, ... that neither a network here nor something else of the container has.
    func freeInterface(besides taken: [String] = []) -> String {
        let all = endpoints.map(\.interface) + taken
        var number = 0
        while all.contains("eth\(number)") { number += 1 }
        return "eth\(number)"
    }
}
