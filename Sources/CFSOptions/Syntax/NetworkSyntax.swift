import CFSCore

/// Reads `--network`.
package enum NetworkSyntax {
    package enum Choice: Equatable {
        /// A network namespace: `none` is one with a loopback interface and nothing else.
        case namespace(NamespaceChoice)
        case network(NetworkRequest)
    }

    /// Reads `none`, `host`, `container:ID`, the path of a namespace, or a network: `NAME[,ip=ADDRESS][,mac=ADDRESS][,alias=NAME]`.
    package static func choice(_ text: String) throws(CFSError) -> Choice {
        if text == "none" { return .namespace(.private) }
        if text == "host" || text == "private" || text.hasPrefix("container:") || text.isAbsolutePath {
            return .namespace(try NamespaceChoice(text, flag: "network"))
        }
        var parts = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        var name = parts.removeFirst()
        // Docker's other form: name=blue,ip=10.1.0.7.
        if name.hasPrefix("name=") { name.removeFirst("name=".count) }
        name = Self.name(name)
        guard !name.isEmpty else {
            throw CFSError(
                .invalidArgument, .parsing, "--network needs a name",
                hint: "use none, host, container:ID, the path of a namespace, or a network: cfs network ls")
        }
        guard parts.isEmpty || !["none", "host", "private"].contains(name) else {
            throw CFSError(
                .invalidArgument, .parsing, "--network \(name) is no network: it has no addresses and names to choose",
                hint: "write --network \(name), or the name of a network: cfs network ls")
        }
        var request = NetworkRequest(name)
        for part in parts { try read(part, &request) }
        return .network(request)
    }

    /// The name of a network; what other engines call theirs is ours.
    package static func name(_ text: String) -> String {
        text == "bridge" || text == "default" ? NetworkRecord.defaultName : text
    }

    private static func read(_ part: String, _ request: inout NetworkRequest) throws(CFSError) {
        let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard pair.count == 2 else { throw unknown(part) }
        switch pair[0] {
        case "ip", "ip4", "ip6": try add(address: pair[1], pair[0] == "ip" ? nil : pair[0], &request)
        case "mac", "mac-address": request.hardwareAddress = try hardwareAddress(pair[1], "--network")
        case "alias": request.aliases.append(try NameSyntax.host(pair[1], "--network"))
        default: throw unknown(part)
        }
    }

    private static func unknown(_ part: String) -> CFSError {
        CFSError(
            .invalidArgument, .parsing, "--network does not know \"\(part)\"",
            hint: "write NAME,ip=ADDRESS,mac=ADDRESS,alias=NAME, each of them or none")
    }

    /// - Parameter kind: `ip4` or `ip6`; nil for either.
    package static func add(
        address text: String, _ kind: String?, _ request: inout NetworkRequest
    ) throws(CFSError) {
        guard let address = IPAddress(text), kind == nil || (kind == "ip6") == (address.family == .ipv6) else {
            throw CFSError(
                .invalidArgument, .parsing, "\"\(text)\" is no address of \(kind == "ip6" ? "IPv6" : "IP")",
                hint: kind == "ip6" ? "write it as in fd00::7" : "write it as in 10.10.0.7")
        }
        guard !request.addresses.contains(where: { $0.family == address.family }) else {
            throw CFSError(.invalidArgument, .parsing, "a container has one address of each family on a network")
        }
        request.addresses.append(address)
    }

    package static func hardwareAddress(_ text: String, _ flag: String) throws(CFSError) -> [UInt8] {
        guard let bytes = HardwareAddress.bytes(text) else {
            throw CFSError(
                .invalidArgument, .parsing, "\(flag): \"\(text)\" is no hardware address",
                hint: "write six bytes: 02:00:0a:0a:00:07")
        }
        return bytes
    }
}

/// Reads names of machines.
package enum NameSyntax {
    /// Labels of letters, digits, `-` and `_`, with dots between: at most 63 characters each, and 253 together (RFC 1123).
    package static func host(_ text: String, _ flag: String) throws(CFSError) -> String {
        let labels = text.utf8.split(separator: 0x2e, omittingEmptySubsequences: false)
        let isPlain = labels.allSatisfy { label in
            (1...63).contains(label.count) && label.first != 0x2d
                && label.allSatisfy {
                    (0x30...0x39).contains($0) || (0x41...0x5a).contains($0) || (0x61...0x7a).contains($0)
                        || $0 == 0x2d || $0 == 0x5f
                }
        }
        guard isPlain, text.utf8.count <= 253 else {
            throw CFSError(
                .invalidArgument, .parsing, "\(flag): \"\(text.prefix(300))\" is no name of a machine",
                hint: "use letters, digits, - and _, with dots between")
        }
        return text
    }
}
