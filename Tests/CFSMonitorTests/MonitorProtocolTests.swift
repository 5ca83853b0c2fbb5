import CFSModel
import CFSNamespaces
import Testing

@testable import CFSMonitor

/// Containers outlive an upgrade of the executables: what version 1 said, byte for byte, is understood for ever.
@Suite("The protocol of version 1")
struct MonitorProtocolTests {
    private static let id = "0f8fad5b-d9cb-469f-a165-70867728950e"

    private static func parse(_ text: String) throws(CFSError) -> MonitorMessage {
        try MonitorMessage(parsing: Array(text.utf8))
    }

    @Test("its clients' messages are understood")
    func clients() throws {
        #expect(try Self.parse(#"{"do":"signal","number":15}"#) == .signal(15))
        #expect(try Self.parse(#"{"do":"resize","rows":24,"columns":80}"#) == .resize(rows: 24, columns: 80))
        let start =
            #"{"do":"start","container":"/var/lib/cfs/containers/x","run":"/run/cfs/x","endsWithReader":true,"#
            + #""trace":[{"phase":"begin","at":12},{"phase":"spawn","at":34}]}"#
        #expect(
            try Self.parse(start)
                == .start(
                    container: "/var/lib/cfs/containers/x", run: "/run/cfs/x", endsWithReader: true, keepsInput: false,
                    trace: [Timeline.Mark(name: "begin", at: 12), Timeline.Mark(name: "spawn", at: 34)]))
        let enter =
            #"{"do":"enter","container":"/c","run":"/r","process":{"args":["sh"]},"user":"web","privileged":false,"#
            + #""interactive":true,"seccompFilter":null,"endsWithReader":false}"#
        #expect(
            try Self.parse(enter)
                == .enter(
                    container: "/c", run: "/r",
                    process: .init(
                        process: ["args": ["sh"]], user: "web", privileged: false, interactive: true, seccompFilter: nil
                    )))
        let prepare =
            #"{"do":"prepare","id":"\#(Self.id)","container":"/c","run":"/r","namespaces":2080505856,"#
            + #""unsharesCgroup":true,"cgroupMountPoint":"/sys/fs/cgroup","cgroupFolder":"/sys/fs/cgroup/cfs","#
            + #""pidsLimit":4096,"resources":null,"terminal":false,"interactive":false}"#
        guard case .prepare(let preparation) = try Self.parse(prepare) else {
            Issue.record("no preparation")
            return
        }
        #expect(preparation.id.text == Self.id && preparation.pidsLimit == 4096 && preparation.unsharesCgroup)
    }

    @Test("its monitors' messages are understood")
    func monitors() throws {
        #expect(try Self.parse(#"{"event":"started","pid":1234}"#) == .started(pid: 1234))
        #expect(try Self.parse(#"{"event":"ending"}"#) == .ending)
        #expect(
            try Self.parse(#"{"event":"unwritten","stream":"stdout","errno":28}"#)
                == .unwritten(UnwrittenOutput(stream: .stdout, errno: 28)))
        let exited =
            #"{"event":"exited","record":{"status":137,"signal":9,"reason":"r","outOfMemory":null,"warnings":["w"],"#
            + #""startedAt":1,"finishedAt":2,"timing":[{"phase":"plan","nanoseconds":3}]}}"#
        var record = ExitRecord(
            status: 137, signal: 9, reason: "r", startedAt: 1, finishedAt: 2,
            timing: [PhaseTime(name: "plan", nanoseconds: 3)])
        record.warnings = ["w"]
        #expect(try Self.parse(exited) == .exited(record))
    }

    @Test("and this version still writes for it: what a client of then sends is what a monitor of then reads")
    func writes() {
        #expect(String(decoding: MonitorMessage.signal(9).bytes, as: UTF8.self) == #"{"do":"signal","number":9}"#)
        #expect(
            String(decoding: MonitorMessage.resize(rows: 1, columns: 2).bytes, as: UTF8.self)
                == #"{"do":"resize","rows":1,"columns":2}"#)
        #expect(String(decoding: MonitorMessage.ending.bytes, as: UTF8.self) == #"{"event":"ending"}"#)
    }
}
