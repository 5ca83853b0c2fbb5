import CFSModel

/// A packet filter that is kept open, for whoever must not wait: where a change has taken something away, the close of its
/// socket waits until the kernel has freed that (an RCU grace period, 10 ms and more).
package final class OpenPacketFilter {
    package var filter: PacketFilter

    /// Of the namespace that this thread is in.
    ///
    /// - Throws: what ``PacketFilter/init()`` throws.
    package init() throws(CFSError) { filter = try PacketFilter() }
}
