/// The page that a browser gets: one document, `dashboard.html`, which Scripts/embed-dashboard writes into a Swift source.
enum Dashboard {
    /// The page for one load: its token and the nonce of its policy are put in.
    static func page(token: String, nonce: String) -> String {
        var page = ""
        page.reserveCapacity(embeddedPage.utf8.count + 4096)
        var rest = embeddedPage[...]
        while let start = rest.firstRange(of: "{{") {
            page += rest[..<start.lowerBound]
            rest = rest[start.lowerBound...]
            if rest.hasPrefix("{{token}}") {
                page += token
                rest = rest.dropFirst("{{token}}".count)
            } else if rest.hasPrefix("{{nonce}}") {
                page += nonce
                rest = rest.dropFirst("{{nonce}}".count)
            } else {
                page += "{{"
                rest = rest.dropFirst(2)
            }
        }
        return page + rest
    }

    /// Its `Content-Security-Policy`: nothing from elsewhere, and no script or style but its own.
    static func policy(nonce: String) -> String {
        "default-src 'none'; script-src 'nonce-\(nonce)'; style-src 'nonce-\(nonce)'; img-src data:; connect-src 'self'; "
            + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    }
}
