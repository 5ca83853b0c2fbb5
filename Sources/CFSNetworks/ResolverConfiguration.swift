import CFSModel

/// What `/etc/resolv.conf` says (resolv.conf(5)).
package struct ResolverConfiguration: Sendable, Hashable {
    package struct Server: Sendable, Hashable {
        package var address: IPAddress
        /// The interface of a link-local address: `eth0` in `fe80::1%eth0`.
        package var zone: String?

        package init(_ address: IPAddress, zone: String? = nil) {
            self.address = address
            self.zone = zone
        }
    }

    /// The first three, as resolv.conf(5) has it (MAXNS); loopback addresses too: whoever asks them does so from the host.
    package var servers: [Server] = []
    /// Of the last line `search` or `domain`, without a dot at the end.
    package var search: [String] = []
    /// Dots that make a name complete; 15 at most.
    package var ndots: Int?
    /// Seconds for one try; 30 at most.
    package var timeout: Int?
    /// Rounds through all servers; 5 at most.
    package var attempts: Int?
    package var rotate = false

    /// Reads the text of the file. Lines and options that nobody knows, and values that are none, are passed over, as the C
    /// library does it.
    package init(_ text: some StringProtocol) {
        for line in text.utf8.split(whereSeparator: { $0 == 0x0a || $0 == 0x0d }) {
            // A comment begins a line; some write one behind a value.
            if line.first == 0x23 || line.first == 0x3b { continue }
            let words = line.split(whereSeparator: { $0 == 0x20 || $0 == 0x09 })
                .prefix { $0.first != 0x23 && $0.first != 0x3b }
                .map { String(decoding: $0, as: UTF8.self) }
            guard words.count >= 2 else { continue }
            switch words[0] {
            case "nameserver": if servers.count < 3, let server = Self.server(words[1]) { servers.append(server) }
            case "domain": search = Self.domains(words[1..<2])
            case "search": search = Self.domains(words[1...])
            case "options": for option in words[1...] { take(option) }
            default: continue
            }
        }
    }

    private static func server(_ text: String) -> Server? {
        let parts = text.split(separator: "%", maxSplits: 1, omittingEmptySubsequences: false)
        guard let address = IPAddress(parts[0]) else { return nil }
        guard parts.count == 2 else { return Server(address) }
        return address.family == .ipv6 && !parts[1].isEmpty ? Server(address, zone: String(parts[1])) : nil
    }

    private static func domains(_ words: ArraySlice<String>) -> [String] {
        words.compactMap { word in
            let domain = word.last == "." ? String(word.dropLast()) : word
            return DomainName(domain) == nil ? nil : domain
        }
    }

    private mutating func take(_ option: String) {
        let parts = option.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let value = parts.count == 2 ? Int(parts[1]).flatMap { $0 >= 0 ? $0 : nil } : nil
        switch (parts[0], value) {
        case ("ndots", let value?): ndots = min(value, 15)
        case ("timeout", let value?): timeout = min(max(value, 1), 30)
        case ("attempts", let value?): attempts = min(max(value, 1), 5)
        case ("rotate", _): rotate = true
        default: return
        }
    }
}
