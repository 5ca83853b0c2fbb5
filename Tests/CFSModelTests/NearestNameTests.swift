import Testing

@testable import CFSModel

@Suite("What somebody may have meant")
struct NearestNameTests {
    private static let names = ["NET_ADMIN", "NET_RAW", "SYS_ADMIN", "SYS_TIME", "CHOWN"]

    @Test("the nearest name comes first, whatever its case")
    func nearest() {
        #expect(NearestName.suggestions(for: "net_admn", among: Self.names).first == "NET_ADMIN")
        #expect(NearestName.suggestions(for: "CHWON", among: Self.names) == ["CHOWN"])
    }

    @Test("a beginning is enough")
    func beginning() {
        #expect(NearestName.suggestions(for: "NET", among: Self.names).prefix(2) == ["NET_ADMIN", "NET_RAW"])
        #expect(NearestName.suggestions(for: "CHOWN_ALL", among: Self.names) == ["CHOWN"])
    }

    @Test("a name that is less than half of what was written is not meant")
    func lessThanHalf() {
        #expect(NearestName.suggestions(for: "CHOWN_EVERYTHING", among: Self.names).isEmpty)
        #expect(NearestName.suggestions(for: "network-namespace", among: ["network"]).isEmpty)
        #expect(NearestName.suggestions(for: "networks", among: ["network"]) == ["network"])
    }

    @Test(
        "of a short word at most one letter may be wrong, and of one of four none may be another",
        arguments: [
            ("bogus", "logs", false), ("--port", "--root", false), ("--port", "--host", false), ("nope", "none", false),
            ("port", "sort", false), ("non", "none", true), ("nonee", "none", true), ("noen", "none", true),
            ("ood", "odd", true), ("logz", "logs", false), ("lgos", "logs", true), ("stats2", "stats", true),
            ("sorce", "source", true), ("satrt", "start", true), ("stork", "start", false),
            ("inspekt", "inspect", true), ("inzpekt", "inspect", true), ("inzpekd", "inspect", false),
        ])
    func short(text: String, name: String, isMeant: Bool) {
        #expect(NearestName.suggestions(for: text, among: [name]) == (isMeant ? [name] : []))
    }

    @Test("what is like nothing brings nothing, and never more than three come")
    func limits() {
        #expect(NearestName.suggestions(for: "XYZZYX", among: Self.names).isEmpty)
        #expect(NearestName.suggestions(for: "a", among: ["ab", "ac", "ad", "ae"]) == ["ab", "ac", "ad"])
        #expect(NearestName.suggestions(for: "", among: Self.names).isEmpty)
    }

    @Test(
        "the distance counts letters that are added, removed or exchanged",
        arguments: [
            ("", "", 0), ("a", "", 1), ("", "abc", 3), ("kitten", "sitting", 3), ("ab", "ba", 2), ("same", "same", 0),
        ])
    func distance(a: String, b: String, count: Int) {
        #expect(NearestName.editDistance(Array(a.utf8), Array(b.utf8)) == count)
    }
}
