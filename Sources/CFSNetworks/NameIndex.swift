import CFSModel

/// Names and addresses in an order in which they are found fast. Pure.
struct NameIndex: Sendable {
    /// In lower case, sorted, each once.
    private var names: [(name: DomainName, addresses: [IPAddress])] = []
    /// Sorted by address.
    private var owners: [(address: IPAddress, name: DomainName)] = []
    private let subnets: [IPSubnet]

    /// Names that are none of the DNS are left out: nobody can ask for them.
    init(_ table: NameTable) {
        var all: [(name: DomainName, addresses: [IPAddress])] = []
        for host in table.hosts {
            for text in [host.id, host.name] + host.aliases {
                if let name = DomainName(text) { all.append((name.folded, host.addresses)) }
            }
            guard let name = DomainName(host.name) ?? DomainName(host.id) else { continue }
            owners += host.addresses.map { ($0, name) }
        }
        all.sort { $0.name < $1.name }
        for entry in all {
            if names.last?.name == entry.name {
                let known = names[names.count - 1].addresses
                names[names.count - 1].addresses += entry.addresses.filter { !known.contains($0) }
            } else {
                names.append(entry)
            }
        }
        owners.sort { $0.address < $1.address }
        subnets = table.subnets
    }

    /// The addresses of a name in lower case; nil when nobody has it.
    func addresses(of name: DomainName) -> [IPAddress]? {
        let place = names.partition { $0.name < name }
        return place < names.count && names[place].name == name ? names[place].addresses : nil
    }

    func name(of address: IPAddress) -> DomainName? {
        let place = owners.partition { $0.address < address }
        return place < owners.count && owners[place].address == address ? owners[place].name : nil
    }

    /// Whether an address is one of the network's, of a host or of nobody.
    func covers(_ address: IPAddress) -> Bool { subnets.contains { $0.contains(address) } }
}

extension [(name: DomainName, addresses: [IPAddress])] {
    fileprivate func partition(_ isBefore: (Element) -> Bool) -> Int { firstPlace(count, { isBefore(self[$0]) }) }
}

extension [(address: IPAddress, name: DomainName)] {
    fileprivate func partition(_ isBefore: (Element) -> Bool) -> Int { firstPlace(count, { isBefore(self[$0]) }) }
}

/// The first place of a sorted list that is not before what is looked for.
private func firstPlace(_ count: Int, _ isBefore: (Int) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
        let middle = (low + high) / 2
        if isBefore(middle) { low = middle + 1 } else { high = middle }
    }
    return low
}
