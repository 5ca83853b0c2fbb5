import CFSModel

/// An address that bytes may be fetched from: https, or http of this machine itself, where nobody can listen in between.
///
/// It is read by a narrower rule than URLs have (RFC 3986): what two readers could take for two hosts is refused.
struct FetchAddress: Equatable, Sendable {
    private let scheme: String
    private let authority: String
    /// With the query; begins with `/`.
    private let path: String

    var text: String { "\(scheme)://\(authority)\(path)" }
    var isEncrypted: Bool { scheme == "https" }

    /// - Throws: `invalidArgument` for what is no such address.
    init(_ text: String) throws(CFSError) {
        func refusal(_ why: String, hint: String? = nil) -> CFSError {
            CFSError(.invalidArgument, .fetching, "\"\(text.prefix(300))\" \(why)", hint: hint)
        }
        let scheme = text.prefix { $0 != ":" }.lowercased()
        let rest = text.dropFirst(scheme.count)
        guard ["http", "https"].contains(scheme), rest.hasPrefix("://") else {
            throw refusal("is no address of http or https")
        }
        guard text.utf8.allSatisfy(Self.isPlain) else { throw refusal("has characters that no address has") }
        let address = rest.dropFirst(3).prefix { $0 != "#" }
        let authority = address.prefix { $0 != "/" && $0 != "?" }
        guard !authority.isEmpty, !authority.contains("@") else {
            throw refusal(authority.isEmpty ? "names no host" : "names a user, which cfs does not send")
        }
        guard scheme == "https" || Self.isLoopback(authority) else {
            throw refusal(
                "is not encrypted: plain http is for 127.0.0.1 and [::1] alone",
                hint: "use an https address, or download the file yourself and import it")
        }
        let path = address.dropFirst(authority.count)
        self.scheme = scheme
        self.authority = String(authority)
        self.path = path.hasPrefix("/") ? String(path) : "/\(path)"
    }

    /// Where a redirect leads (RFC 9110, 10.2.2; RFC 3986, 5.2).
    ///
    /// - Throws: `networkFailed` for a place that is none to fetch from, and for one without the encryption of this one.
    func redirected(to location: String) throws(CFSError) -> FetchAddress {
        func refusal(_ why: String) -> CFSError {
            CFSError(.networkFailed, .fetching, "\(text) sends to \"\(location.prefix(300))\", \(why)")
        }
        let target: FetchAddress
        do throws(CFSError) {
            target = try FetchAddress(resolved(location))
        } catch {
            throw refusal("where nothing is fetched from: \(error.message)")
        }
        guard target.isEncrypted || !isEncrypted else { throw refusal("which gives the encryption up") }
        return target
    }

    private func resolved(_ location: String) -> String {
        if location.hasPrefix("//") { return "\(scheme):\(location)" }
        if location.hasPrefix("/") { return "\(scheme)://\(authority)\(location)" }
        // A colon before the first slash ends a scheme.
        if location.prefix(while: { !"/?#".contains($0) }).contains(":") { return location }
        let own = path.prefix { $0 != "?" }
        if location.isEmpty || location.hasPrefix("#") { return text }
        if location.hasPrefix("?") { return "\(scheme)://\(authority)\(own)\(location)" }
        let folder = own.lastIndex(of: "/").map { own[...$0] } ?? "/"
        let end = location.firstIndex { "?#".contains($0) } ?? location.endIndex
        return "\(scheme)://\(authority)" + Self.withoutDots(folder + location[..<end]) + location[end...]
    }

    private static func withoutDots(_ path: Substring) -> String {
        var parts: [Substring] = []
        let all = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        for part in all {
            if part == ".." { _ = parts.popLast() } else if part != "." { parts.append(part) }
        }
        if let last = all.last, last == "." || last == ".." { parts.append("") }
        return "/" + parts.joined(separator: "/")
    }

    /// Visible ASCII without what RFC 3986 leaves out: clients differ in how they mend the rest.
    private static func isPlain(_ byte: UInt8) -> Bool {
        (0x21...0x7e).contains(byte) && !"\"<>\\^`{|}".utf8.contains(byte)
    }

    /// Whether a host is a literal loopback address: a name is whatever its resolver says.
    private static func isLoopback(_ authority: Substring) -> Bool {
        let isSixth = authority.hasPrefix("[::1]")
        let port = isSixth ? authority.dropFirst(5) : authority.drop { $0 != ":" }
        guard port.isEmpty || (port.first == ":" && UInt16(port.dropFirst()) != nil) else { return false }
        if isSixth { return true }
        let parts = authority.dropLast(port.count).split(separator: ".", omittingEmptySubsequences: false)
        // One way to write a number: others are read as octal, or cut off.
        return parts.count == 4 && parts[0] == "127"
            && parts.allSatisfy { part in UInt8(part).map { "\($0)" == part } == true }
    }
}
