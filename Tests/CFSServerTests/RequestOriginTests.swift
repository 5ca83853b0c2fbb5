import HTTPTypes
import Testing

@testable import CFSServer

@Suite("Whose page has sent a request")
struct RequestOriginTests {
    private let peer = Peer(way: .tcp, uid: 0, hosts: ["localhost:1337", "127.0.0.1:1337", "[::1]:1337"])

    private func code(_ host: String?, _ headers: [(String, String)] = [], _ peer: Peer? = nil) -> String? {
        var fields = HTTPFields()
        for (name, value) in headers {
            if let name = HTTPField.Name(name) { fields.append(HTTPField(name: name, value: value)) }
        }
        let head = HTTPRequest(method: .get, scheme: "http", authority: host, path: "/", headerFields: fields)
        do {
            try RequestOrigin.check(head, peer ?? self.peer)
            return nil
        } catch {
            return error.document["code"]?.string
        }
    }

    @Test("our own names", arguments: ["localhost:1337", "LOCALHOST:1337", "127.0.0.1:1337", "[::1]:1337"])
    func own(host: String) { #expect(code(host) == nil) }

    @Test(
        "another host, and none",
        arguments: [
            nil, "localhost", "localhost:1338", "evil.example", "evil.example:1337", "127.0.0.1.evil.example:1337", "",
        ])
    func foreignHost(host: String?) { #expect(code(host) == "misdirectedRequest") }

    @Test(
        "a page of another site",
        arguments: [
            ("Origin", "http://evil.example"), ("Origin", "null"), ("Origin", "https://localhost:1337"),
            ("Origin", "http://localhost:3000"), ("Referer", "http://evil.example/x"),
            ("Referer", "http://localhost:1337.evil.example/"), ("Sec-Fetch-Site", "cross-site"),
            ("Sec-Fetch-Site", "same-site"),
        ])
    func foreignSite(header: (String, String)) { #expect(code("localhost:1337", [header]) == "notPermitted") }

    @Test(
        "our own page",
        arguments: [
            ("Origin", "http://localhost:1337"), ("Referer", "http://localhost:1337/"),
            ("Sec-Fetch-Site", "same-origin"),
            ("Sec-Fetch-Site", "none"),
        ])
    func ownSite(header: (String, String)) { #expect(code("localhost:1337", [header]) == nil) }

    @Test("a second origin is looked at as well")
    func twoOrigins() {
        #expect(
            code("localhost:1337", [("Origin", "http://localhost:1337"), ("Origin", "http://evil.example")])
                == "notPermitted")
    }

    @Test("on a Unix socket any host will do")
    func unix() { #expect(code("anything", [], Peer(way: .unix, uid: 0, hosts: nil)) == nil) }
}

@Suite("Tokens of the page")
struct PageTokensTests {
    private let tokens = PageTokens()

    @Test("a token is good for the user it was minted for, until it is over")
    func good() {
        let token = tokens.mint(uid: 1000, now: 5)
        #expect(tokens.isGood(token, uid: 1000, now: 6))
        #expect(!tokens.isGood(token, uid: 1001, now: 6))
        #expect(!tokens.isGood(token, uid: 1000, now: 5 + PageTokens.lifetime))
    }

    @Test("each load has another one")
    func different() { #expect(tokens.mint(uid: 0) != tokens.mint(uid: 0)) }

    @Test("another daemon's is none")
    func foreign() { #expect(!PageTokens().isGood(tokens.mint(uid: 0), uid: 0)) }

    @Test("a changed one is none")
    func changed() {
        let token = tokens.mint(uid: 0)
        for place in token.indices {
            var text = token
            text.replaceSubrange(place...place, with: token[place] == "1" ? "2" : "1")
            #expect(!tokens.isGood(text, uid: 0), "\(text)")
        }
        for text in ["", ".", "...", "0.9.a.b", token + "0", String(token.dropLast())] {
            #expect(!tokens.isGood(text, uid: 0), "\(text)")
        }
    }
}
