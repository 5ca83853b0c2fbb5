import Foundation
import TestSupport
import Testing

@Suite("A monitor of another version", .needsHost, .engine)
struct MonitorVersionTests: EngineSuite {
    /// In the place of a monitor's socket: takes one caller, reads what it says, and answers or hangs up, as a monitor of
    /// version 1 did at a message that it did not know.
    private final class StandIn {
        private let listener: Int32
        private let path: String

        init(_ path: String) throws {
            self.path = path
            #expect(rename(path, "\(path).real") == 0)
            listener = socket(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue), 0)
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            let bytes = Array(path.utf8)
            try #require(bytes.count < MemoryLayout.size(ofValue: address.sun_path))
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
            let size = socklen_t(MemoryLayout<sockaddr_un>.size)
            let bound = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(listener, $0, size) }
            }
            try #require(bound == 0 && listen(listener, 4) == 0)
        }

        func serve(_ answer: String?) -> String {
            var polled = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
            guard poll(&polled, 1, 60_000) > 0 else { return "nobody called" }
            let caller = accept(listener, nil, nil)
            defer { close(caller) }
            var buffer = [UInt8](repeating: 0, count: 65_536)
            let count = recv(caller, &buffer, buffer.count, 0)
            if let answer { _ = send(caller, answer, answer.utf8.count, Int32(MSG_NOSIGNAL)) }
            return String(decoding: buffer[..<max(0, count)], as: UTF8.self)
        }

        /// Takes one caller, hears one message where one is expected, and sends what a monitor would.
        func converse(hears: Bool, _ answers: [String]) -> String {
            var polled = pollfd(fd: listener, events: Int16(POLLIN), revents: 0)
            guard poll(&polled, 1, 60_000) > 0 else { return "nobody called" }
            let caller = accept(listener, nil, nil)
            defer { close(caller) }
            var buffer = [UInt8](repeating: 0, count: 65_536)
            let count = hears ? recv(caller, &buffer, buffer.count, 0) : 0
            for answer in answers { _ = send(caller, answer, answer.utf8.count, Int32(MSG_NOSIGNAL)) }
            return String(decoding: buffer[..<max(0, count)], as: UTF8.self)
        }

        deinit {
            close(listener)
            rename("\(path).real", path)
        }
    }

    @Test(
        "that cannot be attached to is said to be older, and its container runs on",
        arguments: [nil, #"{"event":"version","version":3,"features":["something else"]}"#])
    func older(answer: String?) throws {
        try engine.withContainer { id in
            let socket = "\(engine.runFolder)/\(id)/socket"
            do {
                let standIn = try StandIn(socket)
                let client = engine.start(["attach", id])
                #expect(standIn.serve(answer) == #"{"do":"hello","version":2}"#)
                let result = client.finish()
                #expect(result.status == 125)
                #expect(result.errors.contains("its monitor is of an older cfs"), "\(result.errors)")
                #expect(result.errors.contains("hint: `\(engine.typed) logs -f"))
            }
            #expect(engine.run("exec", id, "true").status == 0)
            #expect(engine.run("stop", "-t", "0", id).status == 0)
        }
    }

    @Test(
        "that cannot change networks is said to be older, and nothing has changed",
        arguments: [nil, #"{"event":"version","version":2,"features":["attach"]}"#])
    func olderNetworks(answer: String?) throws {
        try engine.withContainer { id in
            let made = engine.run("network", "create", answer == nil ? "old-one" : "old-two")
            #expect(made.status == 0, "\(made.errors)")
            defer { engine.run("network", "rm", made.text) }
            do {
                let standIn = try StandIn("\(engine.runFolder)/\(id)/socket")
                let client = engine.start(["network", "connect", made.text, id])
                #expect(standIn.serve(answer) == #"{"do":"hello","version":2}"#)
                let result = client.finish()
                #expect(result.status == 1)
                #expect(result.errors.contains("its monitor is of an older cfs"), "\(result.errors)")
                #expect(result.errors.contains("hint: stop it first"))
            }
            #expect(try engine.json("network", "inspect", made.text)[0]["Containers"].names.isEmpty)
            #expect(engine.run("exec", id, "true").status == 0)
        }
    }

    /// As a monitor of version 1 writes it: without what came later.
    private static let ended =
        #"{"event":"exited","record":{"status":7,"signal":null,"reason":null,"startedAt":1,"finishedAt":2,"timing":[]}}"#

    @Test("of version 1 is told to kill and to stop in its own words, and its answers are understood")
    func olderVerbs() throws {
        try engine.withContainer { id in
            do {
                // It had no version to write down.
                try strip("\(engine.runFolder)/\(id)/state", ["version"])
                let standIn = try StandIn("\(engine.runFolder)/\(id)/socket")
                let killing = engine.start(["kill", "-s", "USR1", id])
                #expect(standIn.converse(hears: true, []) == #"{"do":"signal","number":10}"#)
                #expect(killing.finish().status == 0)
                let waiting = engine.start(["wait", id])
                _ = standIn.converse(hears: false, [#"{"event":"ending"}"#, Self.ended])
                let waited = waiting.finish()
                #expect(waited.output == "7\n" && waited.status == 0, "\(waited.errors)")
                let stopping = engine.start(["stop", "-t", "100", id])
                #expect(
                    standIn.converse(hears: true, [#"{"event":"ending"}"#, Self.ended])
                        == #"{"do":"signal","number":15}"#)
                let stopped = stopping.finish()
                #expect(stopped.status == 0, "\(stopped.errors)")
            }
            // Its process says that it runs, whatever its monitor answered.
            #expect(try engine.inspect(id)["State"]["Running"].bool == true)
            #expect(engine.run("rm", "-f", id).status == 0)
        }
    }

    @Test("leaves files that lack what came later: they are read, and the container starts again")
    func olderFiles() throws {
        let id = engine.run("create", "BusyBox", "sh", "-c", "echo again; exit 4").text
        defer { engine.run("rm", "-f", id) }
        #expect(engine.run("start", "-a", id).status == 4)
        let folder = "\(engine.root)/containers/\(id)"
        let later = ["registered", "log", "restart", "health", "joins"]
        try strip("\(folder)/config.json", later, below: "engine")
        try strip("\(folder)/exit.json", ["warnings", "stopped", "restartsAt", "restarts", "outOfMemory"])
        #expect(engine.exitCode(id) == 4)
        let listed = engine.run("ps", "-a")
        #expect(listed.status == 0 && listed.errors == "", "\(listed.errors)")
        let again = engine.run("start", "-a", id)
        #expect(again.output == "again\n" && again.status == 4, "\(again.errors)")
    }

    /// Takes members out of a JSON document.
    private func strip(_ path: String, _ names: [String], below member: String? = nil) throws {
        let file = URL(filePath: path)
        var document = try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
        var object = member.map { document[$0] as? [String: Any] ?? [:] } ?? document
        for name in names { object[name] = nil }
        if let member { document[member] = object } else { document = object }
        try JSONSerialization.data(withJSONObject: document).write(to: file)
    }

    @Test("what a client of version 1 says still does what it says")
    func oldClient() throws {
        let script = "trap 'echo got it; exit 3' USR1; echo ready; while :; do sleep 0.05; done"
        try engine.withContainer([], ["sh", "-c", script]) { id in
            #expect(eventually { engine.run("logs", id).output == "ready\n" })
            let path = "\(engine.runFolder)/\(id)/socket"
            let monitor = socket(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue), 0)
            defer { close(monitor) }
            var address = sockaddr_un()
            address.sun_family = sa_family_t(AF_UNIX)
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
            let size = socklen_t(MemoryLayout<sockaddr_un>.size)
            let connected = withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(monitor, $0, size) }
            }
            try #require(connected == 0)
            let texts = [
                #"{"do":"dance"}"#, #"{"do":"resize","rows":24,"columns":80}"#, #"{"do":"signal","number":10}"#,
            ]
            for text in texts { #expect(send(monitor, text, text.utf8.count, 0) == text.utf8.count) }
            var heard: [String] = []
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while heard.count < 3 {
                var polled = pollfd(fd: monitor, events: Int16(POLLIN), revents: 0)
                try #require(poll(&polled, 1, 60_000) > 0)
                let count = recv(monitor, &buffer, buffer.count, 0)
                try #require(count > 0)
                heard.append(String(decoding: buffer[..<count], as: UTF8.self))
            }
            #expect(heard[0].hasPrefix(#"{"event":"refused""#) && heard[0].contains("dance"))
            #expect(heard[1] == #"{"event":"ending"}"#)
            #expect(heard[2].hasPrefix(#"{"event":"exited","record":{"status":3,"#))
            #expect(engine.run("logs", id).output == "ready\ngot it\n")
        }
    }
}
