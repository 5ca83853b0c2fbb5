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

    @Test("the phases of a start add up")
    func timing() {
        let report = TimingReport(
            id: Self.id,
            phases: [PhaseTime(name: "clone", nanoseconds: 250_000), PhaseTime(name: "mounts", nanoseconds: 750_000)])
        #expect(
            report.table == """
                PHASE    TIME       SHARE
                clone    250.0 µs   25%
                mounts   750.0 µs   75%
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
        let report = RecoveryReport(recovery: recovery)
        #expect(report.text == "\(Self.id.text)\n1 container put right, 1 cgroup and 2 folders removed\n")
        #expect(report.json == ["Containers": [.string(Self.id.text)], "Cgroups": 1, "Folders": 2])
    }
}
