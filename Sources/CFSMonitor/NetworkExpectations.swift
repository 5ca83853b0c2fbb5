import CFSModel
import CFSNetworks

/// What the kernel has of networks and of containers when nobody has touched it.
extension ConnectedContainer {
    /// Its ports in the packet filter; none while it is about to run.
    package var publishedPorts: [PublishedPort] { ContainerPorts.published(settings.target, ports ?? []) }
}

extension NetworkRecord {
    /// The network in the packet filter.
    package var filtered: FilteredNetwork { NetworkDevices.filtered(self) }
}
