import CFSModel
import Testing

@testable import CFSImages

@Suite("Addresses to fetch from")
struct FetchAddressTests {
    @Test(
        "https of any host, and http of a literal loopback address, are taken as they are",
        arguments: [
            "https://example.com/a/b.iso?x=1&y=/2", "https://example.com:8443/", "https://127.0.0.1/a",
            "http://127.0.0.1/a", "http://127.0.0.1:8080/a%20b", "http://127.255.0.3/", "http://[::1]/a",
            "http://[::1]:80/",
        ])
    func good(text: String) throws { #expect(try FetchAddress(text).text == text) }

    @Test("the scheme may be in capitals, the path may be missing, and a fragment is not for the server")
    func normal() throws {
        #expect(try FetchAddress("HTTPS://example.com").text == "https://example.com/")
        #expect(try FetchAddress("https://example.com?x#y").text == "https://example.com/?x")
        #expect(try FetchAddress("https://example.com").isEncrypted)
        #expect(try !FetchAddress("http://[::1]").isEncrypted)
    }

    @Test(
        "plain http elsewhere is refused, also where the host only looks like this machine",
        arguments: [
            "http://example.com/", "http://localhost/", "http://127.0.0.1.example.com/", "http://127.1/",
            "http://2130706433/", "http://0x7f.0.0.1/", "http://127.0.0.01/", "http://127.0.0.256/", "http://0.0.0.0/",
            "http://[::]/", "http://[::ffff:127.0.0.1]/", "http://[::1].example.com/", "http://127.0.0.1:80:90/",
            "http://127.0.0.1:x/", "http://127.0.0.1:/", "http://127.0.0.+1/", "HTTP://example.com/",
        ])
    func plain(text: String) {
        let error = failure { () throws(CFSError) in try FetchAddress(text) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains("is not encrypted") == true, "\(error?.message ?? "no error")")
    }

    @Test(
        "what two readers could take for two addresses is refused, and so is what is none",
        arguments: [
            "", "example.com", "ftp://example.com/", "file:///etc/passwd", "https:/example.com", "https://",
            "https:///x",
            "http://127.0.0.1@example.com/", "https://user:word@example.com/", "http://127.0.0.1\\@example.com/",
            "https://exa mple.com/", "https://example.com/\r\nHost: x", "https://example.com/\0",
            "https://exämple.com/",
        ])
    func bad(text: String) { #expect(failure { () throws(CFSError) in try FetchAddress(text) } != nil) }

    @Test(
        "a redirect leads where RFC 3986 says",
        arguments: [
            ("https://other.org/x", "https://other.org/x"), ("//other.org/x", "https://other.org/x"),
            ("/x?y", "https://example.com/x?y"), ("x", "https://example.com/a/x"), ("./x", "https://example.com/a/x"),
            ("../x", "https://example.com/x"), ("../../../x", "https://example.com/x"), ("..", "https://example.com/"),
            ("x/./y/..", "https://example.com/a/x/"), ("?q", "https://example.com/a/b?q"),
            ("x?../y", "https://example.com/a/x?../y"), ("#part", "https://example.com/a/b?p"),
        ])
    func redirects(location: String, target: String) throws {
        #expect(try FetchAddress("https://example.com/a/b?p").redirected(to: location).text == target)
    }

    @Test("a redirect may go from plain http to https, and to http of this machine again")
    func redirectsUp() throws {
        let address = try FetchAddress("http://127.0.0.1:8080/a")
        #expect(try address.redirected(to: "https://example.com/x").isEncrypted)
        #expect(try address.redirected(to: "http://[::1]:90/x").text == "http://[::1]:90/x")
    }

    @Test(
        "a redirect never gives the encryption up, nor leads to plain http elsewhere",
        arguments: [
            ("https://example.com/", "http://127.0.0.1/x"), ("https://example.com/", "http://example.com/x"),
            ("http://127.0.0.1/", "http://example.com/x"), ("http://127.0.0.1/", "http://localhost/x"),
            ("http://127.0.0.1/", "//example.com/x"), ("https://example.com/", "file:///etc/passwd"),
            ("https://example.com/", "javascript:x"), ("https://example.com/", "https://u@example.com/"),
            ("https://example.com/", "/a b"),
        ])
    func refused(from: String, location: String) throws {
        let address = try FetchAddress(from)
        let error = failure { () throws(CFSError) in try address.redirected(to: location) }
        #expect(error?.code == .networkFailed)
        #expect(error?.message.contains("sends to \"\(location)\"") == true, "\(error?.message ?? "no error")")
    }
}
