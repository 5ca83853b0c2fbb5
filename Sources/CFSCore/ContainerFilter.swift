import CFSModel
import CFSRegistry

/// A label that has to be there; with a value, it has to have that one.
public struct LabelCondition: Sendable, Hashable {
    public var key: String
    public var value: String?

    public init(key: String, value: String? = nil) {
        self.key = key
        self.value = value
    }

    public func holds(for labels: [String: String]) -> Bool {
        guard let found = labels[key] else { return false }
        return value == nil || value == found
    }
}

/// Which containers are wanted: of each list that is not empty one has to fit, of ``labels`` all.
public struct ContainerFilter: Sendable, Hashable {
    /// A part of a name, or all of it.
    public struct NamePart: Sendable, Hashable {
        public var text: String
        /// Whether the name has to begin, or to end, with it.
        public var isStart: Bool
        public var isEnd: Bool

        public init(text: String, isStart: Bool = false, isEnd: Bool = false) {
            self.text = text
            self.isStart = isStart
            self.isEnd = isEnd
        }

        func fits(_ name: String) -> Bool {
            switch (isStart, isEnd) {
            case (true, true): name == text
            case (true, false): name.hasPrefix(text)
            case (false, true): name.hasSuffix(text)
            case (false, false): text.isEmpty || name.contains(text)
            }
        }
    }

    /// Every state that ``states`` may name, in the order of a life. *restarting* is one that has ended and waits for
    /// its restart policy. No container is *removing* when it is looked at; the words are Docker's.
    public static let stateNames = [
        "created", "restarting", "running", "removing", "paused", "stopping", "exited", "dead",
    ]

    /// Every word that ``health`` may have: those of ``Health/Status``, and `none`.
    public static let healthNames = Health.Status.allCases.map(\.rawValue) + ["none"]

    /// Beginnings of ids.
    public var ids: [String] = []
    public var names: [NamePart] = []
    public var labels: [LabelCondition] = []
    /// Names of states: see ``stateNames``.
    public var states: [String] = []
    /// How running containers are by their health checks: see ``healthNames``. What has no check is `none`, and so is what
    /// does not run.
    public var health: [String] = []
    /// How containers ended that have ended.
    public var exitStatuses: [Int32] = []
    /// Images by name or id: of containers that were made of them, or of what was built on them.
    public var ancestors: [String] = []
    /// Networks by name or the beginning of an id: of containers that are on one of them, running or not.
    public var networks: [String] = []
    /// Containers by name or id: those that were made before, or after, one of them.
    public var before: [String] = []
    public var since: [String] = []

    public init() {}

    /// Whether it asks for containers that may have ended.
    public var asksForEnded: Bool { !states.isEmpty || !exitStatuses.isEmpty }

    /// Whether all fits that stands in the record itself.
    func fits(_ record: ContainerRecord) -> Bool {
        guard ids.isEmpty || ids.contains(where: { record.id.text.hasPrefix($0) }),
            names.isEmpty || names.contains(where: { $0.fits(record.name) }),
            labels.allSatisfy({ $0.holds(for: record.labels) }),
            states.isEmpty || states.contains(record.statusName),
            health.isEmpty || health.contains(record.health?.status.rawValue ?? "none")
        else { return false }
        if exitStatuses.isEmpty { return true }
        guard case .exited(let status, _) = record.state else { return false }
        return exitStatuses.contains(status)
    }
}

extension Engine {
    /// Those of all containers that a filter wants, newest first, each with its state at this moment.
    ///
    /// - Throws: `containerNotFound` and `ambiguousID` for what `before` and `since` name; `ambiguousID` for `ancestors`.
    ///   An ancestor that is no image (any longer) is looked for by the name that containers were made with, and on a network
    ///   that is not there is nobody.
    public func containers(matching filter: ContainerFilter) throws(CFSError) -> [ContainerRecord] {
        try makeFolders(withRun: false)
        var before: [ContainerID] = []
        for reference in filter.before { before.append(try container(reference).id) }
        var since: [ContainerID] = []
        for reference in filter.since { since.append(try container(reference).id) }
        var ancestors: [Ancestor] = []
        for reference in filter.ancestors { ancestors.append(try Ancestor(reference, store.existing(reference))) }
        let members = filter.networks.isEmpty ? [] : try members(ofAny: filter.networks)
        let rows = try registry.containers()
        // They are in order: newer ones stand before it.
        let places = Dictionary(rows.enumerated().map { ($1.id, $0) }) { first, _ in first }
        var found: [ContainerRecord] = []
        for (place, row) in rows.enumerated() {
            guard before.isEmpty || before.contains(where: { place > places[$0] ?? .max }),
                since.isEmpty || since.contains(where: { place < places[$0] ?? -1 }),
                ancestors.isEmpty || ancestors.contains(where: { $0.isAncestor(of: row) }),
                filter.networks.isEmpty || members.contains(row.id),
                let record = try record(of: row), filter.fits(record)
            else { continue }
            found.append(record)
        }
        return found
    }

    /// The containers that are on one of these networks.
    private func members(ofAny references: [String]) throws(CFSError) -> Set<ContainerID> {
        let networks = try registry.networks()
        var members: Set<ContainerID> = []
        for network in references.flatMap({ NetworkRecord.meant(by: $0, among: networks) }) {
            members.formUnion(try usedPlaces(on: network.id).map(\.container))
        }
        return members
    }
}

extension NetworkRecord {
    /// Those that a filter means: the one with this name, else all whose id begins so.
    static func meant(by reference: String, among networks: [NetworkRecord]) -> [NetworkRecord] {
        let named = networks.filter { $0.name == reference }
        guard named.isEmpty, reference.utf8.count >= 2 else { return named }
        return networks.filter { $0.id.utf8.starts(with: reference.utf8) }
    }
}

/// An image that containers may come from.
struct Ancestor {
    private let reference: String
    private let digest: Digest?
    /// Chain IDs, from the lowest layer to the topmost.
    private let layers: [Digest]

    init(_ reference: String, _ image: ImageRecord?) {
        self.reference = reference.hasSuffix(":latest") ? String(reference.dropLast(":latest".count)) : reference
        digest = image?.digest
        layers = image?.layers.map(\.chainID) ?? []
    }

    func isAncestor(of row: ContainerRow) -> Bool {
        guard let digest else {
            let name = row.image.hasSuffix(":latest") ? String(row.image.dropLast(":latest".count)) : row.image
            return name == reference || row.imageDigest.hex.hasPrefix(reference) && reference.utf8.count >= 4
        }
        return row.imageDigest == digest || (!layers.isEmpty && row.layers.starts(with: layers))
    }
}

extension ContainerRecord {
    /// The state in one word, as filters and documents have it: of one that has ended and waits for its next start,
    /// `restarting`.
    public var statusName: String { restartsAt == nil ? state.name : "restarting" }
}
