import CFSModel
import CFSNetworks

/// What a run leaves of its networks when nobody can be reached by them any more: to be taken away where nobody waits.
struct NetworkRemains {
    /// Closed ports of bridges.
    var devices: [Int32] = []
    /// See ``LeavingAddresses``; nil when there are none.
    var leaving: LeavingAddresses?
    /// Closed with this.
    var filter: OpenPacketFilter?

    /// Takes it away. The kernel would remove the devices with the namespace, but another container may share that and stay,
    /// and could open its port again.
    func remove() {
        // First what others may wait for.
        if let leaving { ContainerNetwork.regardless { () throws(CFSError) in try leaving.forget() } }
        guard !devices.isEmpty else { return }
        ContainerNetwork.regardless { () throws(CFSError) in
            var host = try RouteSocket()
            // Each waits until no processor looks at it any more.
            for device in devices { try host.delete(device) }
        }
    }
}
