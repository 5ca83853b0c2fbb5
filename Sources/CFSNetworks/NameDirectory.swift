import CFSLinux
import CFSModel
import CLinux

/// All names that one container knows: those of its networks, read again when their files have changed, and fixed ones.
final class NameDirectory {
    /// The largest table that is read: some 50,000 hosts.
    private static let sizeLimit = 8 << 20

    private struct Table {
        let path: String
        /// What the file was when it was read, or could not be.
        var seen: Identity?
        var index: NameIndex?
    }

    private struct Identity: Equatable {
        let inode: UInt64
        let size: Int64
        let seconds: Int64
        let nanoseconds: Int64
    }

    /// What is known about a name.
    enum Finding {
        /// Maybe with no address of the type.
        case addresses([IPAddress])
        case pointer(DomainName)
        case unknown
        /// And nobody else can know it either.
        case absent
    }

    private var tables: [Table]
    private var fixed: NameIndex
    private let domains: [DomainName]

    /// - Parameters:
    ///   - paths: a file of ``NameTable`` for each network. One that is not there, or is damaged, has no names until it is
    ///     right; one that was right keeps its names.
    ///   - fixed: names with addresses that no network can change.
    ///   - domains: those that all names lie in as well: nobody is asked for what is below them.
    init(paths: [String], fixed: [(name: String, addresses: [IPAddress])], domains: [String]) {
        tables = paths.map { Table(path: $0) }
        self.domains = domains.compactMap { DomainName($0)?.folded }
        self.fixed = Self.index(fixed)
    }

    private static func index(_ names: [(name: String, addresses: [IPAddress])]) -> NameIndex {
        let hosts = names.map { NameTable.Host(id: $0.name, name: $0.name, addresses: $0.addresses) }
        return NameIndex(NameTable(network: "", hosts: hosts))
    }

    /// Other fixed names in the place of those that there are.
    func setFixed(_ names: [(name: String, addresses: [IPAddress])]) { fixed = Self.index(names) }

    /// The container has joined or left networks; tables that stay are not read again.
    func setPaths(_ paths: [String]) {
        let before = tables
        tables = paths.map { path in before.first { $0.path == path } ?? Table(path: path) }
    }

    /// Reads what has changed: one stat(2) for each table.
    func refresh() {
        for place in tables.indices {
            let status = File.statusIfThere(tables[place].path, followLinks: true)
            let identity = status.map {
                Identity(
                    inode: $0.inode, size: $0.size, seconds: $0.mtime_seconds, nanoseconds: $0.mtime_nanoseconds)
            }
            guard let identity, identity != tables[place].seen else { continue }
            tables[place].seen = identity
            do throws(CFSError) {
                let bytes = try File.readAll(at: tables[place].path, limit: Self.sizeLimit)
                tables[place].index = NameIndex(try NameTable(parsing: bytes))
            } catch {
                // The names from before are better than none.
                continue
            }
        }
    }

    func find(_ name: DomainName, _ type: NameType) -> Finding {
        let name = name.folded
        let indexes = tables.compactMap(\.index)
        if type == .ptr || type == .any, let bytes = name.reversed, let address = IPAddress(bytes: bytes) {
            if let owner = fixed.name(of: address) { return .pointer(owner) }
            for index in indexes { if let owner = index.name(of: address) { return .pointer(owner) } }
            if indexes.contains(where: { $0.covers(address) }) { return .absent }
        }
        if let found = addresses(of: name, indexes) { return .addresses(found) }
        for domain in domains {
            guard let short = name.relative(to: domain) else { continue }
            return addresses(of: short, indexes).map { .addresses($0) } ?? .absent
        }
        // A name without a dot means something on this machine only: others neither know it nor should hear of it.
        return name.labels.count == 1 ? .absent : .unknown
    }

    /// Of all networks, in their order.
    private func addresses(of name: DomainName, _ indexes: [NameIndex]) -> [IPAddress]? {
        if let found = fixed.addresses(of: name) { return found }
        var all: [IPAddress]?
        for index in indexes {
            guard let found = index.addresses(of: name) else { continue }
            let known = all ?? []
            all = known + found.filter { !known.contains($0) }
        }
        // RFC 6761, 6.3: this name is the machine's own, whatever asks.
        if all == nil, name.labels.last?.elementsEqual("localhost".utf8) ?? false { return Self.loopback }
        return all
    }

    private static let loopback: [IPAddress] = ["127.0.0.1", "::1"].compactMap { IPAddress($0) }
}
