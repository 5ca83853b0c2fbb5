import CFSLinux
import CFSModel
import CFSNetworks
import Glibc

/// That somebody has compared the whole packet filter, found all of it there and no port published: a file that all monitors of
/// an engine share. While no rule changes, which the kernel counts, nobody need read it again.
struct VerifiedRules {
    private let path: String

    /// - Parameter networks: see ``NetworkSettings/folder``.
    init(_ networks: String) { path = "\(networks)/verified" }

    /// Whether that was found of these rules, with this network in them.
    ///
    /// - Parameter network: nil to ask of the rules alone.
    func has(_ network: FilteredNetwork?, at mark: RulesMark?) -> Bool {
        guard let mark, let text = Self.read(path) else { return false }
        let lines = text.split(separator: "\n")
        guard let first = lines.first, first == Self.heading(mark) else { return false }
        guard let network else { return true }
        return lines.dropFirst().contains { $0 == Self.line(network) }
    }

    /// Notes it; one that cannot be noted is found out again.
    func note(_ networks: [FilteredNetwork], at mark: RulesMark) {
        let lines = [Self.heading(mark)] + networks.map { Self.line($0) }
        ContainerNetwork.regardless { () throws(CFSError) in
            try AtomicFile.write(Array((lines.text(separator: "\n") + "\n").utf8), to: path, durable: false)
        }
    }

    /// The kernel's numbers begin anew with the machine, and a folder may outlive that.
    private static func heading(_ mark: RulesMark) -> String {
        "\(read("/proc/sys/kernel/random/boot_id")?.prefix(36) ?? "") \(mark.namespace) \(mark.generation)"
    }

    private static func line(_ network: FilteredNetwork) -> String {
        let subnets = network.subnets.map { "\($0)" }.text(separator: ",")
        return "\(network.bridge) \(subnets) \(network.isInternal) \(network.masquerades)"
    }

    private static func read(_ path: String) -> String? {
        let opened = File.tryOpen(path, [.read, .noFollow])
        guard opened >= 0 else { return nil }
        let file = OwnedFD(opened)
        do throws(CFSError) {
            return String(decoding: try File.readAll(file.raw, path: path), as: UTF8.self)
        } catch {
            return nil
        }
    }
}
