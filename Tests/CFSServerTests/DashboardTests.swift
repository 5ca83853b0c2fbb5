import CFSCore
import CFSLinux
import Testing

@testable import CFSServer

@Suite("The page of the daemon")
struct DashboardTests {
    @Test("the embedded page is the file: run Scripts/embed-dashboard after a change")
    func embedded() throws {
        let file = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let bytes = try File.readAll(at: "/\(file)/Sources/CFSServer/Dashboard/dashboard.html")
        #expect(Dashboard.embeddedPage + "\n" == String(decoding: bytes, as: UTF8.self))
    }

    @Test("a load has its token and its nonce, and nothing is left to be put in")
    func filled() {
        let page = Dashboard.page(token: "TOKEN", nonce: "NONCE")
        #expect(page.contains(#"<meta name="cfs-token" content="TOKEN">"#))
        #expect(page.contains(#"<script nonce="NONCE">"#))
        #expect(!page.contains("{{token}}") && !page.contains("{{nonce}}"))
    }

    @Test("the page names no address of elsewhere")
    func selfContained() {
        for word in ["src=\"http", "href=\"http", "url(http", "@import"] {
            #expect(!Dashboard.embeddedPage.contains(word))
        }
    }
}
