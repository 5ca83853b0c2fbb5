import CFSCore
import OptionsSupport
import TestSupport
import Testing

@testable import cfs

@Suite("Filters")
struct FilterSyntaxTests {
    private func filter(_ texts: String...) throws(CFSError) -> ContainerFilter {
        try ContainerFilterSyntax.filter(texts)
    }

    @Test("each key fills its list, and the same key several times fills it further")
    func keys() throws {
        var expected = ContainerFilter()
        expected.ids = ["0f8f"]
        expected.names = [
            ContainerFilter.NamePart(text: "we"), ContainerFilter.NamePart(text: "db", isStart: true, isEnd: true),
            ContainerFilter.NamePart(text: "a.b", isStart: true), ContainerFilter.NamePart(text: "x", isEnd: true),
        ]
        expected.labels = [
            LabelCondition(key: "a"), LabelCondition(key: "b", value: "c=d"), LabelCondition(key: "e", value: ""),
        ]
        expected.states = ["exited", "created"]
        expected.exitStatuses = [0, 137]
        expected.ancestors = ["alpine:3.20"]
        expected.networks = ["blue", "0f8f"]
        expected.health = ["healthy", "none"]
        (expected.before, expected.since) = (["web"], ["db"])
        let read = try filter(
            "id=0f8f", "name=we", "name=^/db$", "name=^a.b", "name=x$", "label=a", "label=b=c=d", "label=e=",
            "status=exited", "STATUS=Created", "exited=0", "exited=137", "ancestor=alpine:3.20", "before=web",
            "since=db", "health=healthy", "health=NONE", "network=blue", "network=0f8f")
        #expect(read == expected)
        let plain = try filter("name=a")
        #expect(read.asksForEnded && !plain.asksForEnded)
    }

    @Test(
        "what is no filter is named, with what there is",
        arguments: [
            ("web", "has no =", "status"), ("", "has no =", "label"), ("=web", "", "keys"),
            ("name=", "no value", "key=value"),
            ("stauts=exited", "no filter \"stauts\"", "did you mean status?"),
            ("volume=x", "no filter \"volume\"", "ancestor"), ("network=", "no value", "key=value"),
            ("health=well", "no health \"well\"", "starting, healthy, unhealthy, none"),
            ("label==x", "names no label", "label=key"),
            ("status=up", "no state \"up\"", "running"), ("exited=x", "not an exit status", "255"),
            ("exited=256", "not an exit status", "255"), ("exited=-1", "not an exit status", "0"),
            ("id=web", "not the beginning of an ID", "name=web"), ("name=a|b", "not a part of a name", "^web$"),
            ("name=.*", "not a part of a name", "^web$"), ("name=/", "not a part of a name", "^"),
        ])
    func wrong(text: String, says: String, hints: String) {
        let error = failure { () throws(CFSError) in try filter(text) }
        #expect(error?.code == .invalidArgument && error?.phase == .parsing)
        #expect(error?.message.contains(says) == true, "\(error?.message ?? "")")
        #expect(error?.hint?.contains(hints) == true, "\(error?.hint ?? "")")
    }

    @Test("the manual page lists the states that there are, as the error does")
    func manual() throws {
        let page = try #require(textOfFile(Repository.path("docs/man/cfs.1")))
        let place = try #require(page.firstRange(of: ".It Li status\n"))
        let words = page[place.upperBound...].split(whereSeparator: \.isWhitespace).prefix(24)
        let listed = words.prefix { $0 != "without" }.filter { $0.allSatisfy(\.isLowercase) && $0 != "or" }
        #expect(listed.map(String.init) == ContainerFilter.stateNames)
    }

    @Test("a prune is limited by time and labels")
    func prune() throws {
        let now: UInt64 = 7_200_000_000_000
        let read = try PruneFilterSyntax.filter(["until=1h", "label=a", "label!=keep=yes"], now: now)
        #expect(read.until == 3_600_000_000_000)
        #expect(read.labels == [LabelCondition(key: "a")])
        #expect(read.excludedLabels == [LabelCondition(key: "keep", value: "yes")])
        for wrong in [["until=yesterday"], ["until=1h", "until=2h"], ["status=exited"], ["label!="]] {
            #expect(failure { () throws(CFSError) in try PruneFilterSyntax.filter(wrong, now: now) } != nil)
        }
    }
}
