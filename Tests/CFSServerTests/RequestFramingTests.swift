import NIOHTTP1
import Testing

@testable import CFSServer

@Suite("What can be read in two ways is refused")
struct RequestFramingTests {
    private func message(
        _ headers: [(String, String)], version: HTTPVersion = .http1_1, uri: String = "/run"
    ) -> String? {
        let head = HTTPRequestHead(version: version, method: .POST, uri: uri, headers: HTTPHeaders(headers))
        return RequestFraming.violation(head)?.document["message"]?.string
    }

    @Test("an ordinary request is fine")
    func ordinary() {
        #expect(message([("Host", "localhost:1337"), ("Content-Length", "12")]) == nil)
        #expect(message([("Host", "localhost:1337"), ("Transfer-Encoding", "chunked")]) == nil)
    }

    @Test("a length and chunks together, as smuggling has it")
    func both() {
        #expect(
            message([("Content-Length", "4"), ("Transfer-Encoding", "chunked")])
                == "the body has both a Content-Length and a Transfer-Encoding")
    }

    @Test(
        "another encoding than chunked",
        arguments: [["gzip, chunked"], ["chunked", "chunked"], ["identity"], ["xchunked"], ["chunked "]])
    func encodings(values: [String]) {
        #expect(
            message(values.map { ("Transfer-Encoding", $0) })
                == "a body can be sent in chunks, and encoded in no other way")
    }

    @Test("two lengths, also equal ones")
    func lengths() {
        #expect(
            message([("Content-Length", "4"), ("Content-Length", "4")])
                == "the request has several Content-Length headers")
    }

    @Test("a length that is no number", arguments: ["-1", "+4", "0x4", "4,4", "", " 4", "99999999999999999999"])
    func noNumber(value: String) {
        #expect(message([("Content-Length", value)]) == "the Content-Length is no number")
    }

    @Test("a target that is no path", arguments: ["http://localhost/run", "*", "localhost:1337", "/ run", "/\u{7f}"])
    func targets(uri: String) {
        #expect(message([], uri: uri) == "the target of the request is no path")
    }

    @Test("another version of HTTP")
    func versions() {
        #expect(message([], version: HTTPVersion(major: 2, minor: 0)) == "only HTTP/1.0 and HTTP/1.1 are spoken here")
    }
}
