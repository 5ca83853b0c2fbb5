import CFSCore

/// Reads `-p` and `--expose`.
package enum PortSyntax {
    /// The most ports that one option may name.
    static let mostPorts = 1024

    /// Reads `[[ADDRESS:][HOST]:]CONTAINER[/tcp|udp|sctp]`; HOST and CONTAINER may be ranges of the same length, `8000-8010`.
    /// Without HOST, or with 0, a free port is chosen. An address of IPv6 stands in brackets.
    package static func mappings(_ text: String) throws(CFSError) -> [PortMapping] {
        let (body, transport) = try transport(of: text, text)
        var rest = body[...]
        var address: IPAddress?
        if rest.hasPrefix("[") {
            guard let end = rest.firstIndex(of: "]"),
                let read = IPAddress(rest[rest.index(after: rest.startIndex)..<end]),
                read.family == .ipv6, rest[rest.index(after: end)...].hasPrefix(":")
            else { throw wrong(text) }
            address = read
            rest = rest[rest.index(end, offsetBy: 2)...]
        }
        var parts = rest.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        if address == nil, parts.count == 3 {
            let first = parts.removeFirst()
            guard first.isEmpty || IPAddress(first)?.family == .ipv4 else { throw wrong(text) }
            address = IPAddress(first)
        }
        guard parts.count <= 2, let last = parts.last, let inside = range(last) else { throw wrong(text) }
        // Any address is what stands there without one.
        if let read = address, read == .unspecified(.ipv4) { address = nil }
        var outside: ClosedRange<UInt16>?
        if parts.count == 2, !parts[0].isEmpty, parts[0] != "0" {
            guard let read = range(parts[0]) else { throw wrong(text) }
            guard read.count == inside.count else {
                throw CFSError(
                    .invalidArgument, .parsing, "-p \(text): the ranges have \(read.count) and \(inside.count) ports",
                    hint: "write two of the same length: 8000-8010:9000-9010")
            }
            outside = read
        }
        guard inside.count <= mostPorts else {
            throw CFSError(
                .invalidArgument, .parsing,
                "-p \(text): at most \(mostPorts) ports at a time, and these are \(inside.count)")
        }
        return inside.enumerated().map { index, port in
            PortMapping(
                hostAddress: address, hostPort: outside.map { $0.lowerBound + UInt16(index) },
                container: ContainerPort(port, transport))
        }
    }

    /// Reads `PORT[-PORT][/tcp|udp|sctp]`.
    package static func exposed(_ text: String) throws(CFSError) -> [ContainerPort] {
        let (body, transport) = try transport(of: text, text)
        guard let ports = range(body) else {
            throw CFSError(
                .invalidArgument, .parsing, "--expose does not take \"\(text)\"",
                hint: "write a port or a range, with a protocol or without: 80, 8000-8010, 53/udp")
        }
        guard ports.count <= mostPorts else {
            throw CFSError(
                .invalidArgument, .parsing,
                "--expose \(text): at most \(mostPorts) ports at a time, and these are \(ports.count)",
                hint: "write --expose more than once")
        }
        return ports.map { ContainerPort($0, transport) }
    }

    private static func transport(of text: String, _ whole: String) throws(CFSError) -> (String, Transport) {
        guard let slash = text.utf8.firstIndex(of: 0x2f) else { return (text, .tcp) }
        let name = String(decoding: text.utf8[slash...].dropFirst(), as: UTF8.self)
        guard let transport = Transport(rawValue: name.lowercased()) else {
            throw CFSError(
                .invalidArgument, .parsing, "\"\(whole)\": there is no protocol \"\(name)\"",
                hint: "write tcp, udp or sctp")
        }
        return (String(decoding: text.utf8[..<slash], as: UTF8.self), transport)
    }

    private static func range(_ text: String) -> ClosedRange<UInt16>? {
        let ends = text.split(separator: "-", omittingEmptySubsequences: false).map { port(String($0)) }
        switch ends.count {
        case 1: return ends[0].map { $0...$0 }
        case 2:
            guard let low = ends[0], let high = ends[1], low <= high else { return nil }
            return low...high
        default: return nil
        }
    }

    /// 1 to 65,535, in digits.
    package static func port(_ text: String) -> UInt16? {
        guard (1...5).contains(text.utf8.count), text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let port = UInt16(text), port > 0
        else { return nil }
        return port
    }

    private static func wrong(_ text: String) -> CFSError {
        CFSError(
            .invalidArgument, .parsing, "-p does not take \"\(text)\"",
            hint: "write [[ADDRESS:]HOST:]CONTAINER[/udp]: 8080:80, 127.0.0.1:8080:80, [::1]:53:53/udp")
    }
}
