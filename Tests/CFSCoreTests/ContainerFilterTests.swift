import CFSModel
import CFSRegistry
import Testing

@testable import CFSCore

@Suite("Filters of containers")
struct ContainerFilterTests {
    private static let id = ContainerID("0f8fad5b-d9cb-469f-a165-70867728950e")!

    private func record(_ state: ContainerRecord.State, name: String = "web-1") -> ContainerRecord {
        ContainerRecord(
            id: Self.id, name: name, image: "BusyBox", imageDigest: "sha256:ab", command: ["sh"],
            labels: ["team": "x", "empty": ""], state: state, createdAt: 1, startedAt: nil, finishedAt: nil,
            autoRemove: false, idBase: nil)
    }

    private func fits(_ record: ContainerRecord, _ change: (inout ContainerFilter) -> Void) -> Bool {
        var filter = ContainerFilter()
        change(&filter)
        return filter.fits(record)
    }

    @Test("without a filter everything fits")
    func empty() { #expect(fits(record(.created)) { _ in }) }

    @Test("names fit by a part, or by their ends")
    func names() {
        let web = record(.created)
        for (text, start, end, expected) in [
            ("eb-", false, false, true), ("web", true, false, true), ("eb-1", true, false, false),
            ("-1", false, true, true), ("web", false, true, false), ("web-1", true, true, true),
            ("web", true, true, false), ("", true, false, true), ("Web", false, false, false),
        ] {
            let part = ContainerFilter.NamePart(text: text, isStart: start, isEnd: end)
            #expect(fits(web) { $0.names = [part] } == expected, "\(part)")
        }
    }

    @Test("of one key one has to fit, of labels all, and different keys together")
    func together() {
        let running = record(.running(pid: 7))
        #expect(fits(running) { $0.ids = ["1", "0f8f"] } && !fits(running) { $0.ids = ["f8f"] })
        #expect(fits(running) { $0.states = ["exited", "running"] } && !fits(running) { $0.states = ["paused"] })
        let (team, empty) = (LabelCondition(key: "team", value: "x"), LabelCondition(key: "empty"))
        #expect(fits(running) { $0.labels = [team, empty] })
        #expect(!fits(running) { $0.labels = [team, LabelCondition(key: "team", value: "y")] })
        #expect(!fits(running) { $0.labels = [LabelCondition(key: "none")] })
        #expect(fits(running) { $0.labels = [LabelCondition(key: "empty", value: "")] })
        #expect(!fits(running) { ($0.ids, $0.states) = (["0f8f"], ["created"]) })
    }

    @Test("an exit status is that of an end")
    func exited() {
        let ended = record(.exited(status: 3, reason: nil))
        #expect(fits(ended) { $0.exitStatuses = [0, 3] } && !fits(ended) { $0.exitStatuses = [0] })
        #expect(!fits(record(.created)) { $0.exitStatuses = [0] })
        #expect(!fits(record(.running(pid: 7))) { $0.exitStatuses = [0] })
    }

    @Test("every state has a name that can be asked for")
    func states() {
        let all: [ContainerRecord.State] = [
            .created, .running(pid: 1), .paused(pid: 1), .stopping(pid: 1), .exited(status: 0, reason: nil), .dead,
        ]
        for state in all { #expect(ContainerFilter.stateNames.contains(state.name)) }
    }

    private func digest(_ digit: Character) -> Digest { Digest(hex: String(repeating: digit, count: 64))! }

    private func row(_ image: String, _ digest: Digest, layers: [Digest]) -> ContainerRow {
        ContainerRow(
            id: Self.id, name: "web", slot: nil, image: image, imageDigest: digest, layers: layers, command: ["sh"],
            labels: [:], createdAt: 1, autoRemove: false)
    }

    @Test("an ancestor is the image itself, or one that it is built on")
    func ancestors() {
        let base = ImageRecord(
            name: "base", digest: digest("a"), source: .imported, architecture: "amd64",
            layers: [ImageRecord.Layer(diffID: digest("1"), chainID: digest("1"), size: 1)],
            configuration: ImageRecord.Configuration(), createdAt: 1)
        let ancestor = Ancestor("base", base)
        #expect(ancestor.isAncestor(of: row("other", digest("a"), layers: [digest("1")])))
        #expect(ancestor.isAncestor(of: row("child", digest("b"), layers: [digest("1"), digest("2")])))
        #expect(!ancestor.isAncestor(of: row("stranger", digest("b"), layers: [digest("2"), digest("1")])))
        // The name stands for another image by now.
        #expect(!ancestor.isAncestor(of: row("base", digest("c"), layers: [digest("3")])))
    }

    @Test("an image that is gone is known by the name that containers were made with")
    func goneAncestor() {
        let row = row("alpine", digest("a"), layers: [])
        for reference in ["alpine", "alpine:latest", "aaaaaaaa"] {
            #expect(Ancestor(reference, nil).isAncestor(of: row), "\(reference)")
        }
        for reference in ["alpin", "alpine:3", "aaa", ""] {
            #expect(!Ancestor(reference, nil).isAncestor(of: row), "\(reference)")
        }
    }

    @Test("a network is meant by its name, else by the beginning of its id")
    func networks() {
        func network(_ id: String, _ name: String) -> NetworkRecord {
            NetworkRecord(id: id, name: name, ranges: [], device: "cfs-\(name)", createdAt: 1)
        }
        let all = [network("0f8fad5b", "blue"), network("0f8f0000", "red"), network("ab000000", "0f8f")]
        func names(_ reference: String) -> [String] { NetworkRecord.meant(by: reference, among: all).map(\.name) }
        #expect(names("blue") == ["blue"] && names("0f8fad5b") == ["blue"] && names("0f") == ["blue", "red"])
        #expect(names("0f8f") == ["0f8f"])
        for reference in ["0", "", "blu", "Blue", "0f8fad5bc"] { #expect(names(reference).isEmpty, "\(reference)") }
    }

    @Test("a prune takes what is old enough and labelled so")
    func prune() {
        var filter = PruneFilter()
        #expect(filter.takes([:], createdAt: .max))
        filter.until = 5
        #expect(filter.takes([:], createdAt: 4) && !filter.takes([:], createdAt: 5))
        filter.labels = [LabelCondition(key: "a")]
        filter.excludedLabels = [LabelCondition(key: "keep")]
        #expect(filter.takes(["a": ""], createdAt: 4) && !filter.takes(["a": "", "keep": "1"], createdAt: 4))
        #expect(!filter.takes(["b": ""], createdAt: 4))
    }
}
