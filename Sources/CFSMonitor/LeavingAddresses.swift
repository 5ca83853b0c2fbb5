import CFSLinux
import CFSModel
import Glibc

/// Addresses whose connections the kernel is still to forget: an empty file for each, in a folder that all monitors share.
///
/// Forgetting goes through the whole table of connections, which takes milliseconds; so a monitor notes the addresses of its
/// container before it tells the end, and sees to them behind that. Whoever gets an address that is noted sees to it first,
/// also when the monitor was killed in between. Of many who come at once one does the work of all.
struct LeavingAddresses {
    private let folder: String

    /// - Parameter networks: see ``NetworkSettings/folder``.
    init(_ networks: String) { folder = "\(networks)/leaving" }

    /// Notes addresses whose devices are closed. They may be given to others from then on.
    func note(_ addresses: [IPAddress]) throws(CFSError) {
        try Directory.makeAll(folder)
        for address in addresses {
            let file = try File.open(path(address), [.write, .create, .noFollow], mode: 0o600, phase: .recording)
            extendLifetime(file)
        }
    }

    /// Sees to all that are noted, whoever has done so. Waits for others that do.
    func forget() throws(CFSError) {
        let lock = try FileLock("\(folder)/lock")
        defer { extendLifetime(lock) }
        let directory = try Directory.open(folder)
        let addresses = try Directory.names(directory.raw).compactMap { IPAddress($0) }
        guard !addresses.isEmpty else { return }
        try NetworkDevices.forgetConnections(of: addresses, ports: [])
        for address in addresses { _ = unlink(path(address)) }
    }

    /// Returns once nothing of these addresses' last owners is remembered.
    func clear(_ addresses: [IPAddress]) throws(CFSError) {
        if addresses.contains(where: { File.exists(path($0)) }) { try forget() }
    }

    private func path(_ address: IPAddress) -> String { "\(folder)/\(address)" }
}
