import Testing

@testable import CFSCore
@testable import cfs

@Suite("Reports")
struct ReportTests {
    private static let id = ContainerID("0f8fad5b-d9cb-469f-a165-70867728950e")!

    @Test("an outline shows a document to people")
    func outline() {
        let document: JSON = [
            "Version": "1", "Rootless": false, "Count": 3, "None": nil, "Empty": [:], "Words": ["a", "b"],
            "Cgroups": ["Path": "/x\u{1b}", "List": [["A": 1], ["A": 2]]],
        ]
        #expect(
            Outline.text(document) == """
                Version: 1
                Rootless: no
                Count: 3
                None:
                Empty:
                Words: a b
                Cgroups:
                  Path: /x\\x1b
                  List:
                    A: 1
                    A: 2

                """)
    }

    @Test("sizes are shown with a unit where they are known as such, at any depth")
    func sizes() {
        let document: JSON = ["Memory": 25_276_510_208, "Layers": ["Total": 3, "Bytes": 1_983_403]]
        #expect(
            Outline.text(document, sizes: ["Memory", "Bytes"]) == """
                Memory: 23.5GiB
                Layers:
                  Total: 3
                  Bytes: 1.9MiB

                """)
        #expect(Outline.text(document).hasPrefix("Memory: 25276510208\n"))
    }

    @Test("the phases of a start add up, and the longest comes first")
    func timing() {
        let report = TimingReport(
            id: Self.id,
            phases: [PhaseTime(name: "clone", nanoseconds: 250_000), PhaseTime(name: "mounts", nanoseconds: 750_000)])
        #expect(
            report.table == """
                PHASE    TIME       SHARE
                mounts   750.0 µs   75%
                clone    250.0 µs   25%
                total    1.000 ms   100%

                """)
        #expect(report.json["TotalNanoseconds"] == 1_000_000)
        #expect(report.json["Phases"]?.array?.first == ["Name": "clone", "Nanoseconds": 250_000])
        #expect(TimingReport(id: Self.id, phases: []).table == "PHASE   TIME   SHARE\ntotal   0 ns\n")
    }

    @Test("a protection that does not hold stands out")
    func isolation() {
        let report = IsolationReport(
            id: Self.id,
            facts: [
                IsolationFact(name: "pid namespace", asked: "private", actual: "private", holds: true),
                IsolationFact(name: "seccomp", asked: "filter", actual: "none", holds: false),
            ])
        #expect(
            report.table(.plain) == """
                PROTECTION      ASKED     KERNEL SAYS   HOLDS
                pid namespace   private   private       yes
                seccomp         filter    none          no

                """)
        #expect(report.table(Style(isColoured: true)).contains("\u{1b}[31;1mno\u{1b}[0m"))
        #expect(report.json["Holds"] == false && report.json["ID"] == .string(Self.id.text))
    }

    @Test("long lists are broken to fit, and what the kernel repeats is not written out again")
    func isolationLists() {
        let report = IsolationReport(
            id: Self.id,
            facts: [
                IsolationFact(
                    name: "capabilities", asked: "AAAAAAAA BBBBBBBB CCCCCCCC", actual: "AAAAAAAA", holds: true),
                IsolationFact(
                    name: "effective", asked: "AAAAAAAA BBBBBBBB CCCCCCCC", actual: "AAAAAAAA BBBBBBBB CCCCCCCC",
                    holds: true),
                IsolationFact(name: "seccomp", asked: "filter", actual: "filter", holds: true),
            ])
        let expected = """
            PROTECTION     ASKED               KERNEL SAYS   HOLDS
            capabilities   AAAAAAAA BBBBBBBB   AAAAAAAA      yes
                           CCCCCCCC
            effective      AAAAAAAA BBBBBBBB   as asked      yes
                           CCCCCCCC
            seccomp        filter              filter        yes

            """
        #expect(report.table(.plain, columns: 70) == expected)
        #expect(report.json["Facts"]?.array?[1]["Actual"] == "AAAAAAAA BBBBBBBB CCCCCCCC")
    }

    @Test("a table of isolation fits its columns", arguments: [80, 100, 120, 200])
    func isolationWidth(columns: Int) {
        let all = (0..<41).map { "CAPABILITY_\($0)" }.joined(separator: " ")
        let fact = IsolationFact(name: "network namespace", asked: all, actual: String(all.dropLast(3)), holds: true)
        let lines = IsolationReport(id: Self.id, facts: [fact]).table(.plain, columns: columns).split(separator: "\n")
        #expect(lines.count > 5 && lines.allSatisfy { $0.count <= columns })
    }

    @Test("the doctor's hints stand below the table, and what is missing decides the exit status")
    func doctor() {
        let good = Finding("kernel", .good, "6.1", hint: "not shown")
        let missing = Finding("overlay", .missing, "no module", hint: "modprobe overlay")
        let report = DoctorReport(findings: [good, missing])
        #expect(report.isMissingSomething && !DoctorReport(findings: [good]).isMissingSomething)
        #expect(
            report.text(.plain) == """
                CHECK     VERDICT   DETAIL
                kernel    good      6.1
                overlay   missing   no module

                  hint: overlay: modprobe overlay

                """)
        #expect(DoctorReport(findings: [good]).text(.plain).hasSuffix("6.1\n"))
        let json: JSON = ["Name": "overlay", "Verdict": "missing", "Detail": "no module", "Hint": "modprobe overlay"]
        #expect(report.json.array?.last == json)
    }

    @Test("a recovery counts what it did")
    func recovery() {
        var recovery = Recovery()
        #expect(RecoveryReport(recovery: recovery).text == "0 containers put right, 0 cgroups and 0 folders removed\n")
        recovery.containers = [Self.id]
        recovery.cgroups = 1
        recovery.folders = 2
        recovery.networkParts = 3
        let report = RecoveryReport(recovery: recovery)
        #expect(report.json == ["Containers": [.string(Self.id.text)], "Cgroups": 1, "Folders": 2, "NetworkParts": 3])
        #expect(
            report.text
                == "\(Self.id.text)\n1 container put right, 1 cgroup and 2 folders removed, 3 parts of networks put right\n"
        )
    }
}
