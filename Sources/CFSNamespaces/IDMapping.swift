import CFSModel

/// One line of a user namespace's map (user_namespaces(7)): `size` ids from `container` on are those from `host` on.
public struct IDMapping: Sendable, Hashable {
    public var container: UInt32
    public var host: UInt32
    public var size: UInt32

    public init(container: UInt32, host: UInt32, size: UInt32) {
        self.container = container
        self.host = host
        self.size = size
    }
}

extension IDMapping {
    public init(_ range: RuntimeSpec.IDRange) {
        self.init(container: range.containerID, host: range.hostID, size: range.size)
    }
}

extension [IDMapping] {
    /// The text that `/proc/PID/uid_map` takes.
    var mapText: String { map { "\($0.container) \($0.host) \($0.size)\n" }.text(separator: "") }

    /// The host's id for one of the container's; nil when it is not mapped. Without any map both are the same.
    public func hostID(of id: UInt32) -> UInt32? {
        if isEmpty { return id }
        for line in self where id >= line.container && id - line.container < line.size {
            return line.host + (id - line.container)
        }
        return nil
    }
}
