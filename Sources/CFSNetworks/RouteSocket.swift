import CFSLinux
import CFSModel
import Glibc

/// Tells and asks the kernel about network devices, their addresses, routes and queues (rtnetlink(7)), in one
/// namespace.
///
/// Every error names the device, says what failed and keeps the kernel's number: `conflict` for what is there already,
/// `limitExceeded` for a bridge without a free port, `kernelUnsupported` for a kind of device that the kernel lacks,
/// `notPermitted` without CAP_NET_ADMIN, `invalidArgument` for what cannot be, else `systemCallFailed`.
package struct RouteSocket: ~Copyable {
    private var socket: NetlinkSocket

    /// Of the namespace that this thread is in, wherever it goes later.
    package init() throws(CFSError) { socket = try NetlinkSocket(.route) }

    /// Of the network namespace behind a descriptor. The thread enters it and comes back.
    package init(in namespace: Int32) throws(CFSError) {
        socket = try NetlinkSocket.inside(namespace) { () throws(CFSError) -> NetlinkSocket in
            try NetlinkSocket(.route)
        }
    }

    // MARK: - Devices

    /// The device of a name, also of a second one; nil when there is none.
    package mutating func link(named name: String) throws(CFSError) -> Link? {
        try LinkName.check(name)
        return try link(.getLink(named: name), "the device \(name) cannot be asked for")
    }

    /// The device with a number; nil when there is none.
    package mutating func link(at index: Int32) throws(CFSError) -> Link? {
        try link(NetlinkMessage(link: .get, index: index), "\(Self.unnamed(index)) cannot be asked for")
    }

    private mutating func link(_ message: NetlinkMessage, _ what: String) throws(CFSError) -> Link? {
        do throws(CFSError) {
            return try socket.request(message, what).lazy.compactMap { Link($0.body) }.first
        } catch {
            if error.errno == ENODEV { return nil }
            throw error
        }
    }

    /// All devices of the namespace.
    package mutating func links() throws(CFSError) -> [Link] {
        try socket.list(NetlinkMessage(link: .get), "the network devices cannot be listed").compactMap { Link($0.body) }
    }

    /// By which number this namespace knows the network namespace of a process (rtnetlink(7), RTM_GETNSID, Linux 4.0).
    ///
    /// A namespace that holds the other end of a device of this one has a number from the first time on that the device is listed,
    /// and keeps it until its end.
    ///
    /// - Returns: nil for one without a number, also for this one, and for a process that is gone.
    package mutating func namespaceNumber(of pid: Int32) throws(CFSError) -> Int32? {
        let message = NetlinkMessage.getNamespaceNumber(of: pid)
        do throws(CFSError) {
            let answers = try socket.request(message, "the network namespace of the process \(pid) cannot be asked for")
            return answers.lazy.compactMap { NetlinkMessage.namespaceNumber(in: $0.body) }.first
        } catch {
            if error.errno == ESRCH { return nil }
            throw error
        }
    }

    // MARK: - For the other files of this type

    mutating func list(_ message: NetlinkMessage, _ what: String) throws(CFSError) -> [ArraySlice<UInt8>] {
        try socket.list(message, what).map(\.body)
    }

    /// Makes something that has no number yet; `what` says in which words it failed.
    mutating func make(_ message: NetlinkMessage, _ what: String) throws(CFSError) {
        do throws(CFSError) {
            try socket.request(message, what)
        } catch {
            throw Self.explained(error)
        }
    }

    /// Changes or asks a device; when that fails its name is looked up for the error: "the device eth0 " and `what`.
    @discardableResult
    mutating func ask(_ index: Int32, _ message: NetlinkMessage, _ what: String) throws(CFSError) -> [ArraySlice<UInt8>]
    {
        let unnamed = Self.unnamed(index)
        do throws(CFSError) {
            return try socket.request(message, "\(unnamed) \(what)").map(\.body)
        } catch {
            var failure = Self.explained(error)
            do throws(CFSError) {
                failure.message = try name(of: index) + String(failure.message.dropFirst(unnamed.count))
            } catch {
                // What failed first is what matters; it then has the number only.
            }
            throw failure
        }
    }

    /// How an error calls a device.
    mutating func name(of index: Int32) throws(CFSError) -> String {
        try link(at: index).map { "the device \($0.name)" } ?? Self.unnamed(index)
    }

    private static func unnamed(_ index: Int32) -> String { "the device number \(index)" }

    private static func explained(_ error: CFSError) -> CFSError {
        var error = error
        switch error.errno {
        case EEXIST: error.code = .conflict
        case EXFULL: error.code = .limitExceeded
        case EOPNOTSUPP: error.code = .kernelUnsupported
        default: break
        }
        return error
    }
}
