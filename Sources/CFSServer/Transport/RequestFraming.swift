import CFSCore
import HTTPTypes
import NIOHTTP1

/// What is wrong with the head of a request before anybody looks at what it asks for: pure.
///
/// Two readings of where a body ends are how requests are smuggled past a check (RFC 9112, 6.3 and 11.2), so whatever can be
/// read in two ways is refused.
enum RequestFraming {
    /// The error for a head that must not be answered in any other way; the connection ends with it.
    static func violation(_ head: HTTPRequestHead) -> ServerError? {
        guard head.version.major == 1, head.version.minor <= 1 else {
            return ServerError(.invalidRequest, "only HTTP/1.0 and HTTP/1.1 are spoken here")
        }
        let lengths = head.headers["content-length"]
        let encodings = head.headers["transfer-encoding"]
        if !encodings.isEmpty {
            guard lengths.isEmpty else {
                return ServerError(.invalidRequest, "the body has both a Content-Length and a Transfer-Encoding")
            }
            guard head.version.minor == 1 else {
                return ServerError(.invalidRequest, "HTTP/1.0 has no Transfer-Encoding")
            }
            guard encodings.count == 1, encodings[0].lowercased() == "chunked" else {
                return ServerError(.invalidRequest, "a body can be sent in chunks, and encoded in no other way")
            }
        }
        guard lengths.count <= 1 else {
            return ServerError(.invalidRequest, "the request has several Content-Length headers")
        }
        if let length = lengths.first {
            guard !length.isEmpty, length.utf8.count <= 19, length.utf8.allSatisfy({ (0x30...0x39).contains($0) })
            else {
                return ServerError(.invalidRequest, "the Content-Length is no number")
            }
        }
        for (name, _) in head.headers where HTTPField.Name(name) == nil {
            return ServerError(.invalidRequest, "a header has a name that is none")
        }
        guard head.uri.hasPrefix("/"), head.uri.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            return ServerError(.invalidRequest, "the target of the request is no path")
        }
        return nil
    }

    /// Whether a body follows.
    static func hasBody(_ head: HTTPRequestHead) -> Bool {
        if head.headers.contains(name: "transfer-encoding") { return true }
        return head.headers["content-length"].first.map { $0 != "0" } ?? false
    }
}
