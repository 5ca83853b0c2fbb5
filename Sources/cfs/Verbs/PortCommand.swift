import ArgumentParser
import CFSCore

/// `cfs port`: the ports of the host that lead into a container. No container has any yet.
struct PortCommand: ParsedVerb {
    static let configuration = CommandConfiguration(
        commandName: "port",
        abstract: "List the published ports of a container.",
        usage: "cfs port [<options>] <container> [<port>[/<protocol>]]",
        discussion: """
            No port can be published yet, so the list is empty, and asking for a port is an error.

            Example:
              cfs port web 80/tcp
            """)

    static let optionNames = GlobalOptions.optionNames

    @OptionGroup(title: "Engine options") var globals: GlobalOptions

    @Argument(help: "The container, by name or ID.", completion: Completions.containers)
    var container: String

    @Argument(help: "A port inside, with tcp (the default), udp or sctp behind a slash.")
    var port: String?

    func perform() throws(CFSError) -> Int32 {
        let wanted = try port.map { text throws(CFSError) in try Self.port(text) }
        let name = try globals.engine().container(container).record().name
        guard let wanted else { return 0 }
        throw CFSError(
            .invalidArgument, .looking, "no public port \"\(wanted)\" is published for \(name)",
            hint: "cfs publishes no ports yet: --network host shares the host's network, ports and all")
    }

    /// `80/tcp` for `80`.
    static func port(_ text: String) throws(CFSError) -> String {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        let kind = parts.count == 2 ? parts[1].lowercased() : "tcp"
        guard let first = parts.first, first.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let number = UInt16(first),
            number > 0, ["tcp", "udp", "sctp"].contains(kind)
        else {
            throw CFSError(
                .invalidArgument, .parsing, "\"\(text)\" is not a port",
                hint: "write a number from 1 to 65535, with a protocol or without: 80, 53/udp")
        }
        return "\(number)/\(kind)"
    }
}
