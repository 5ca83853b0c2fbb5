import CFSModel

/// The controller `rdma` (cgroup-v2.rst, RDMA): what may be had of one adapter.
public struct RDMALimit: Sendable, Hashable {
    /// `mlx5_1`.
    public let device: String
    public var handles: CgroupLimit<UInt64>?
    public var objects: CgroupLimit<UInt64>?

    /// - Throws: `invalidArgument` when the name cannot be one.
    public init(
        device: String, handles: CgroupLimit<UInt64>? = nil, objects: CgroupLimit<UInt64>? = nil
    ) throws(CFSError) {
        guard Self.isName(device) else {
            throw CFSError(.invalidArgument, .parsing, "\"\(device)\" is not the name of an adapter")
        }
        self.device = device
        self.handles = handles
        self.objects = objects
    }

    init(_ asked: RuntimeSpec.RDMA, _ naming: LimitNaming) throws(CFSError) {
        guard Self.isName(asked.device) else {
            throw CFSError.limit(naming(.rdma), nil, "has \"\(asked.device)\", which is not the name of an adapter")
        }
        device = asked.device
        handles = asked.hcaHandles.map { .at(UInt64($0)) }
        objects = asked.hcaObjects.map { .at(UInt64($0)) }
    }

    private static func isName(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7f }
    }

    func add(to settings: inout CgroupSettings, _ name: (LimitField, String) -> String) {
        var value = device
        if let handles { value += " hca_handle=\(handles.fileValue)" }
        if let objects { value += " hca_object=\(objects.fileValue)" }
        guard handles != nil || objects != nil else { return }
        settings.add(CgroupSetting("rdma.max", value, name(.rdma, "rdma.max")))
    }
}
