import ArgumentParser
import CFSCore
import CFSOptions

/// `cfs port`: the ports of the host that lead into a container.
struct PortCommand: ParsedVerb {
    static let configuration = CommandConfiguration(
        commandName: "port",
        abstract: "List the published ports of a container.",
        usage: "cfs port [<options>] <container> [<port>[/<protocol>]]",
        discussion: """
            A line for each: the port inside, and where the host leads to it. With a port, the latter \
            alone. Ports are there while the container runs.

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
        let record = try globals.engine().container(container).record()
        guard let wanted else {
            for port in record.ports {
                try StandardOutput.write("\(port.container) -> \(Self.host(port))\n")
            }
            return 0
        }
        let found = record.ports.filter { $0.container == wanted }
        guard !found.isEmpty else { throw Self.notPublished(wanted, record) }
        for port in found { try StandardOutput.write("\(Self.host(port))\n") }
        return 0
    }

    /// The error for a port that the host does not lead to, with those of the same number that it does lead to.
    static func notPublished(_ wanted: ContainerPort, _ record: ContainerRecord) -> CFSError {
        let others = Set(record.ports.map(\.container)).filter { $0.port == wanted.port }.sorted()
        let hint: String =
            if record.state.pid == nil {
                "ports are published while the container runs"
            } else if let other = others.first {
                "\(others.map(\.description).text(separator: " and ")) \(others.count == 1 ? "is" : "are") published: "
                    + "cfs port \(record.name) \(other)"
            } else {
                "publish one with cfs run -p \(wanted)"
            }
        return CFSError(
            .invalidArgument, .looking, "no public port \"\(wanted)\" is published for \(record.name)", hint: hint)
    }

    /// `0.0.0.0:8080`.
    private static func host(_ port: PortMapping) -> String {
        String(port.text.utf8.prefix { $0 != UInt8(ascii: "-") }) ?? port.text
    }

    /// `80` is `80/tcp`.
    static func port(_ text: String) throws(CFSError) -> ContainerPort {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let number = PortSyntax.port(parts[0]),
            let transport = parts.count == 2 ? Transport(rawValue: parts[1].lowercased()) : .tcp
        else {
            throw CFSError(
                .invalidArgument, .parsing, "\"\(text)\" is not a port",
                hint: "write a number from 1 to 65535, with a protocol or without: 80, 53/udp")
        }
        return ContainerPort(number, transport)
    }
}
