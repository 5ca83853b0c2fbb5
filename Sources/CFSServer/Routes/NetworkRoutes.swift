import CFSCore
import CFSOptions
import HTTPTypes
import HummingbirdCore

/// Networks, and who is on them.
enum NetworkRoutes {
    static let all: [Route] = [
        Route(
            .get, "/networks", "networks", "All networks with the containers on them, by name",
            query: [Page.limit, Page.after], answer: .init(schema: Schemas.list(of: Schemas.network))
        ) { call in
            let page = try Page(call)
            return try await call.work.quick {
                let networks = try call.engine.networks()
                let (items, headers) = try page.cut(networks, "/networks", [], { $0.name }) { last in
                    { $0.name > last }
                }
                return .json(.array(try items.map { try document($0, call) }), headers: headers)
            }
        },
        Route(
            .get, "/networks/{name}", "networks", "One network", answer: .init(schema: Schemas.network)
        ) { call in try await call.work.quick { .json(try document(try network(call), call)) } },
        Route(
            .post, "/networks", "networks", "Make a network",
            body: .object(Schemas.object(creation, required: ["name"]), isRequired: true),
            answer: .init(schema: Schemas.network)
        ) { call in
            let (name, options) = try read(creation: try await call.object())
            return try await call.work.long {
                .json(NetworkDocument.json(try call.engine.createNetwork(try options.spec(name: name)), []))
            }
        },
        Route(
            .delete, "/networks/{name}", "networks", "Remove a network that no container is on",
            answer: .init(schema: Schemas.network)
        ) { call in
            try await call.work.long {
                let network = try network(call)
                try call.engine.removeNetwork(network.id)
                return .json(NetworkDocument.json(network, []))
            }
        },
        change("connect", "Put a container on a network, also while it runs", connection) { call, name, fields in
            let (container, request) = try read(connection: fields, name)
            return { try call.engine.container(container).connect(to: request) }
        },
        change("disconnect", "Take a container off a network, also while it runs", disconnection) {
            call, name, fields in
            let (container, force) = (try fields.neededText("container"), try fields.flag("force"))
            return { try call.engine.container(container).disconnect(from: name, force: force) }
        },
    ]

    /// The options of `cfs network create`.
    static let creation: [(String, JSON)] = [
        ("name", ["type": "string", "minLength": 1]), ("driver", Schemas.choice(["bridge", "macvlan", "ipvlan"])),
        ("subnet", Schemas.oneOrMany), ("gateway", Schemas.oneOrMany), ("ipv6", Schemas.flag),
        ("internal", Schemas.flag), ("opt", Schemas.oneOrMany), ("label", Schemas.oneOrMany),
    ]
    /// Those of `cfs network connect`.
    static let connection: [(String, JSON)] = [
        ("container", ["type": "string", "minLength": 1]), ("ip", Schemas.text), ("ip6", Schemas.text),
        ("mac", Schemas.text), ("alias", Schemas.oneOrMany),
    ]
    private static let disconnection: [(String, JSON)] = [
        ("container", ["type": "string", "minLength": 1]), ("force", Schemas.flag),
    ]

    private static func network(_ call: Call) throws(CFSError) -> NetworkRecord {
        try call.engine.network(NetworkSyntax.name(call["name"]))
    }

    private static func document(_ network: NetworkRecord, _ call: Call) throws(CFSError) -> JSON {
        NetworkDocument.json(network, try call.engine.members(of: network))
    }

    /// Something that is done to a container's place on a network; the network is the answer.
    ///
    /// - Parameter read: reads the body, and returns what blocks.
    private static func change(
        _ verb: String, _ summary: String, _ fields: [(String, JSON)],
        _ read: @escaping @Sendable (Call, String, NetworkFields) throws -> @Sendable () throws -> Void
    ) -> Route {
        Route(
            .post, "/networks/{name}/\(verb)", "networks", summary,
            body: .object(Schemas.object(fields, required: ["container"]), isRequired: true),
            answer: .init(schema: Schemas.network)
        ) { call in
            let perform = try read(
                call, NetworkSyntax.name(call["name"]), try NetworkFields(try await call.object(), fields))
            return try await call.work.long {
                try perform()
                return .json(try document(try network(call), call))
            }
        }
    }

    static func read(creation object: JSONObject) throws(ServerError) -> (name: String, NetworkSpecOptions) {
        let fields = try NetworkFields(object, creation)
        var options = NetworkSpecOptions()
        options.driver = try fields.text("driver")
        options.subnets = try fields.texts("subnet")
        options.gateways = try fields.texts("gateway")
        options.ipv6 = try fields.flag("ipv6")
        options.isInternal = try fields.flag("internal")
        options.options = try fields.texts("opt")
        options.labels = try fields.texts("label")
        return (try fields.neededText("name"), options)
    }

    static func read(connection fields: NetworkFields, _ name: String) throws -> (String, NetworkRequest) {
        let container = try fields.neededText("container")
        var request = NetworkRequest(name)
        if let ip = try fields.text("ip") { try NetworkSyntax.add(address: ip, nil, &request) }
        if let ip6 = try fields.text("ip6") { try NetworkSyntax.add(address: ip6, "ip6", &request) }
        if let mac = try fields.text("mac") {
            request.hardwareAddress = try NetworkSyntax.hardwareAddress(mac, "mac")
        }
        for alias in try fields.texts("alias") { request.aliases.append(try NameSyntax.host(alias, "alias")) }
        return (container, request)
    }
}
