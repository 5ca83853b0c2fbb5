import CFSModel

/// The addresses of a container on a network: they are its own until its row goes.
public struct EndpointRow: Sendable, Hashable {
    public var container: ContainerID
    /// The network's id.
    public var network: String
    /// One for each family of the network, IPv4 first.
    public var addresses: [IPAddress]
    public var hardwareAddress: [UInt8]

    public init(container: ContainerID, network: String, addresses: [IPAddress], hardwareAddress: [UInt8]) {
        self.container = container
        self.network = network
        self.addresses = addresses
        self.hardwareAddress = hardwareAddress
    }
}

extension Registry {
    /// All, sorted by name.
    public func networks() throws(CFSError) -> [NetworkRecord] {
        try read { database throws(CFSError) in try Self.networks(database) }
    }

    private static func networks(_ database: SQLiteDatabase) throws(CFSError) -> [NetworkRecord] {
        let statement = try database.statement("SELECT record FROM networks ORDER BY name")
        defer { statement.reset() }
        var networks: [NetworkRecord] = []
        while try statement.step() { networks.append(try NetworkRecord(stored: statement.text(0), database.path)) }
        return networks
    }

    public func network(named name: String) throws(CFSError) -> NetworkRecord? {
        try read { database throws(CFSError) in
            let statement = try database.statement("SELECT record FROM networks WHERE name = ?").bind(name)
            defer { statement.reset() }
            return try statement.step() ? try NetworkRecord(stored: statement.text(0), database.path) : nil
        }
    }

    /// Adds a network that is worked out from those that are there, so that of two at once neither takes what the other has.
    ///
    /// - Parameter make: given all others.
    /// - Returns: the new one.
    /// - Throws: `nameTaken`, and what `make` throws.
    @discardableResult
    public func insertNetwork(
        _ make: ([NetworkRecord]) throws(CFSError) -> NetworkRecord
    ) throws(CFSError) -> NetworkRecord {
        try write { database throws(CFSError) in
            let network = try make(try Self.networks(database))
            do throws(CFSError) {
                try Self.add(network, database)
            } catch {
                guard error.code == .conflict, error.message.hasSuffix("networks.name") else { throw error }
                throw CFSError(
                    .nameTaken, .recording, "a network has the name \(network.name) already",
                    hint: "choose another, or see what it is: cfs network inspect \(network.name)")
            }
            return network
        }
    }

    static func add(_ network: NetworkRecord, _ database: SQLiteDatabase) throws(CFSError) {
        try database.statement("INSERT INTO networks (id, name, record) VALUES (?, ?, ?)")
            .bind(network.id).bind(network.name).bind(network.json.text()).run()
    }

    /// Forgets a network that no container is on; one that is not there is fine.
    ///
    /// - Throws: `networkInUse`, which says how many are.
    public func removeNetwork(_ network: NetworkRecord) throws(CFSError) {
        try write { database throws(CFSError) in
            let statement = try database.statement("SELECT count(*) FROM endpoints WHERE network = ?").bind(network.id)
            let count = try statement.step() ? statement.integer(0) : 0
            statement.reset()
            guard count == 0 else {
                throw CFSError(
                    .networkInUse, .removing,
                    "\(count) \(count == 1 ? "container is" : "containers are") on the network \(network.name)",
                    hint: "see which: cfs network inspect \(network.name)")
            }
            try database.statement("DELETE FROM networks WHERE id = ?").bind(network.id).run()
        }
    }

    /// Every place that containers have on networks.
    public func endpoints() throws(CFSError) -> [EndpointRow] {
        try read { database throws(CFSError) in
            try Self.endpoints(
                try database.statement(
                    "SELECT container, network, ipv4, ipv6, hardware FROM endpoints ORDER BY network, container"))
        }
    }

    /// Those on one network.
    public func endpoints(on network: String) throws(CFSError) -> [EndpointRow] {
        try read { database throws(CFSError) in try Self.endpoints(on: network, database) }
    }

    private static func endpoints(on network: String, _ database: SQLiteDatabase) throws(CFSError) -> [EndpointRow] {
        try endpoints(
            try database.statement(
                "SELECT container, network, ipv4, ipv6, hardware FROM endpoints WHERE network = ? ORDER BY container"
            ).bind(network))
    }

    private static func endpoints(_ statement: SQLiteStatement) throws(CFSError) -> [EndpointRow] {
        defer { statement.reset() }
        var rows: [EndpointRow] = []
        while try statement.step() {
            // One that is not understood is nobody's.
            if let row = EndpointRow(statement) { rows.append(row) }
        }
        return rows
    }

    /// Gives a container its places on networks, as one transaction: all or none.
    ///
    /// - Parameters:
    ///   - container: with its row its places go.
    ///   - choose: given the network as it is now and what others have on it.
    /// - Returns: the places, in the order of the networks.
    /// - Throws: `containerNotFound` when there is no such row, `networkNotFound` when one was removed meanwhile, and what
    ///   `choose` throws.
    public func attach(
        _ container: ContainerID, to networks: [String],
        _ choose: (Int, NetworkRecord, [EndpointRow]) throws(CFSError) -> EndpointRow
    ) throws(CFSError) -> [(network: NetworkRecord, row: EndpointRow)] {
        try write { database throws(CFSError) in
            let known = try database.statement("SELECT 1 FROM containers WHERE id = ?").bind(container.text)
            let isKnown = try known.step()
            known.reset()
            guard isKnown else {
                throw CFSError(.containerNotFound, .preparing, "the container \(container.short) is gone")
            }
            let all = try Self.networks(database)
            var places: [(network: NetworkRecord, row: EndpointRow)] = []
            for (index, id) in networks.enumerated() {
                guard let network = all.first(where: { $0.id == id }) else {
                    throw CFSError(
                        .networkNotFound, .preparing, "a network was removed while a container was put on it")
                }
                let row = try choose(index, network, try Self.endpoints(on: id, database))
                try Self.add(row, database)
                places.append((network, row))
            }
            return places
        }
    }

    /// Gives back a container's place on a network; one that it does not have is fine.
    ///
    /// - Returns: whether it had one.
    @discardableResult
    public func detach(_ container: ContainerID, from network: String) throws(CFSError) -> Bool {
        try write { database throws(CFSError) in
            let place = try database.statement("SELECT 1 FROM endpoints WHERE container = ? AND network = ?")
                .bind(container.text).bind(network)
            let isThere = try place.step()
            place.reset()
            guard isThere else { return false }
            try database.statement("DELETE FROM endpoints WHERE container = ? AND network = ?")
                .bind(container.text).bind(network).run()
            return true
        }
    }

    /// Gives back what belongs to no container: a registry that was rebuilt may have such.
    public func forgetLostEndpoints() throws(CFSError) {
        try write { database throws(CFSError) in
            try database.execute("DELETE FROM endpoints WHERE container NOT IN (SELECT id FROM containers)")
        }
    }

    static func add(_ row: EndpointRow, _ database: SQLiteDatabase) throws(CFSError) {
        func text(_ family: IPAddress.Family) -> String? {
            row.addresses.first { $0.family == family }.map { "\($0)" }
        }
        try database.statement(
            "INSERT INTO endpoints (container, network, ipv4, ipv6, hardware) VALUES (?, ?, ?, ?, ?)"
        )
        .bind(row.container.text).bind(row.network).bind(text(.ipv4)).bind(text(.ipv6))
        .bind(HardwareAddress.text(row.hardwareAddress)).run()
    }
}

extension EndpointRow {
    init?(_ row: SQLiteStatement) {
        guard let container = ContainerID(row.text(0)), let hardware = HardwareAddress.bytes(row.text(4)) else {
            return nil
        }
        var addresses: [IPAddress] = []
        for column: Int32 in [2, 3] where !row.isNull(column) {
            guard let address = IPAddress(row.text(column)) else { return nil }
            addresses.append(address)
        }
        self.init(
            container: container, network: row.text(1), addresses: addresses, hardwareAddress: hardware)
    }
}

extension NetworkRecord {
    init(stored text: String, _ path: String) throws(CFSError) {
        let json = try SQLiteDatabase.document(text, "a network", path)
        guard let record = NetworkRecord(json: json) else {
            throw SQLiteDatabase.damaged("a network is not understood", path)
        }
        self = record
    }
}
