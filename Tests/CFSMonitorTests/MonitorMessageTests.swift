import CFSModel
import CFSMonitor
import Testing

@Suite("What monitor and clients say to each other")
struct MonitorMessageTests {
    @Test(
        "a message arrives as it was sent",
        arguments: [
            .signal(9), .signal(64), .resize(rows: 24, columns: 65_535), .started(pid: 4_194_304),
            .enter(
                container: "/c", run: "/r",
                process: .init(
                    process: ["args": ["sh"]], user: "web:audio", privileged: true, interactive: false,
                    seccompFilter: "/f")),
            .enter(
                container: "/c", run: "/r",
                process: .init(process: [:], user: "", privileged: false, interactive: true, seccompFilter: nil)),
            .start(
                container: "/c", run: "/r", endsWithReader: true, keepsInput: false,
                trace: [.init(name: "begin", at: 5)]),
            .start(container: "/c", run: "/r", endsWithReader: false, keepsInput: true, trace: []),
            .unwritten(UnwrittenOutput(stream: .stderr, errno: 28)),
            .hello(version: 7), .version(2, features: ["attach", "other"]), .version(2, features: []),
            .attach(AttachRequest(input: true)), .attach(AttachRequest(input: false)),
            .attached(AttachAnswer(pid: 9, terminal: true, input: false)),
            .attached(AttachAnswer(pid: 9, terminal: false, input: true)),
            .skipped(SkippedOutput(output: 1 << 40, error: 3)), .refused("no"), .unknown("dance"),
            .changed, .hold, .standstill, .network(.sample(.disconnect("0f8f"))),
            .network(.sample(.connect(.sample, name: "web"))),
            .failed(CFSError(.mountFailed, .mounting, "x", systemCall: "fsopen", path: "/p", errno: 5, hint: "h")),
            .exited(
                ExitRecord(
                    status: 1, signal: nil, reason: "r", startedAt: 1, finishedAt: 2,
                    timing: [.init(name: "a", nanoseconds: 3)])),
        ] as [MonitorMessage])
    func roundTrip(message: MonitorMessage) throws {
        #expect(try MonitorMessage(parsing: message.bytes) == message)
    }

    @Test(
        "what is no message is an error",
        arguments: [
            "", "{}", "[]", "{", #"{"do":7}"#, #"{"do":"signal"}"#, #"{"do":"signal","number":"9"}"#,
            #"{"do":"start","container":"/c"}"#,
            #"{"do":"enter","container":"/c","run":"/r"}"#, #"{"do":"resize","rows":-1,"columns":1}"#,
            #"{"event":"started"}"#, #"{"event":"unwritten","stream":"both","errno":1}"#,
            #"{"event":"unwritten","stream":"stdout"}"#,
            #"{"do":"network","folder":"/n"}"#, #"{"do":"network","disconnect":"0f8f"}"#,
            #"{"do":"network","folder":"/n","connect":{},"name":"web"}"#,
            #"{"do":"network","folder":"/n","disconnect":"0f8f","files":[{"name":"../x","before":"","after":""}]}"#,
            #"{"event":"failed","error":{}}"#, #"{"event":"exited","record":{}}"#,
        ])
    func refuses(text: String) {
        #expect(throws: CFSError.self) { try MonitorMessage(parsing: Array(text.utf8)) }
    }

    @Test("what only a newer cfs says is no error, whoever says it", arguments: ["do", "event"])
    func unknown(key: String) throws {
        let bytes = Array(#"{"\#(key)":"dance","with":["you"]}"#.utf8)
        #expect(try MonitorMessage(parsing: bytes) == .unknown("dance"))
    }

    @Test("a signal that does not exist must not reach the kernel", arguments: [0, -1, 65, 4_294_967_305, Int64.min])
    func signals(number: Int64) {
        #expect(throws: CFSError.self) {
            try MonitorMessage(parsing: Array(#"{"do":"signal","number":\#(number)}"#.utf8))
        }
    }

    @Test("a size that no terminal has becomes the largest")
    func sizes() throws {
        #expect(
            try MonitorMessage(parsing: Array(#"{"do":"resize","rows":99999,"columns":80}"#.utf8))
                == .resize(rows: 65_535, columns: 80))
    }
}
