import CFSCore
import HTTPTypes

/// Who made a browser or a program send this: rules over the headers, pure.
enum RequestOrigin {
    private static let site = HTTPField.Name("Sec-Fetch-Site")
    private static let token = HTTPField.Name("X-CFS-Token")
    private static let protocols = HTTPField.Name("Sec-WebSocket-Protocol")

    /// Throws unless the request names us as its host, and comes from no other site.
    static func check(_ head: HTTPRequest, _ peer: Peer) throws(ServerError) {
        guard let hosts = peer.hosts else { return }
        guard let host = head.authority?.lowercased(), hosts.contains(host) else {
            throw ServerError(
                .misdirectedRequest, "this is \(hosts[0]), and the request is for another host",
                hint: "send exactly one Host: \(hosts.joined(separator: " or "))")
        }
        let scheme = peer.way == .tls ? "https" : "http"
        let origins = hosts.map { "\(scheme)://\($0)" }
        for value in head.headerFields[values: .origin] where !origins.contains(value.lowercased()) {
            throw foreign("Origin")
        }
        for value in head.headerFields[values: .referer] {
            let text = value.lowercased()
            guard origins.contains(where: { text == $0 || text.hasPrefix("\($0)/") }) else { throw foreign("Referer") }
        }
        guard let site else { return }
        for value in head.headerFields[values: site] where value != "same-origin" && value != "none" {
            throw foreign("Sec-Fetch-Site")
        }
    }

    private static func foreign(_ header: String) -> ServerError {
        ServerError(
            .notPermitted, "another site has sent this (\(header))",
            hint: "only the daemon's own page may call from a browser")
    }

    /// Whether a browser sends it: it then needs the page's token.
    static func isBrowser(_ head: HTTPRequest) -> Bool {
        if head.headerFields.contains(.origin) { return true }
        return site.map { head.headerFields.contains($0) } ?? false
    }

    /// The token that a request carries, of its own header or among the protocols of a WebSocket.
    static func token(_ head: HTTPRequest) -> String? {
        if let token, let value = head.headerFields[token] { return value }
        guard let protocols, let offered = head.headerFields[protocols] else { return nil }
        let prefix = "cfs.token."
        for word in offered.split(separator: ",") {
            let name = word.drop { $0 == " " }
            if name.hasPrefix(prefix) { return String(name.dropFirst(prefix.count).prefix { $0 != " " }) }
        }
        return nil
    }
}
