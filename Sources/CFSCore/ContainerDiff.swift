import CFSLayers
import CFSLinux
import CFSModel
import CFSMonitor

extension Container {
    /// What the container has changed of its image's files, sorted by path. What lies in volumes and other mounts is none of
    /// it, and neither are the places that were made for them.
    ///
    /// Works in every state. While the container runs, a change that comes meanwhile may or may not be among them.
    public func diff() throws(CFSError) -> [LayerChange] {
        try engine.requirePrivilege("reading a container's files")
        let (row, request) = (try row(), try self.request())
        let upper = SharedFD(try Directory.open(folder.upperPath))
        return try LayerStore(root: engine.options.root).changes(
            in: upper, over: row.layers.last, places: request.places, owners: OwnerMap(request))
    }
}

extension MonitorRequest {
    /// Where a start may have to make something: what is mounted needs a place, and the command one to begin in.
    var places: [String] { spec.mounts.map(\.destination) + [spec.process.cwd] }
}
