import EngineSupport
import Glibc
import TestSupport
import Testing

@Suite("What the daemon streams", .needsHost, .engine)
struct DaemonStreamTests: EngineSuite {
    /// `curl` that goes on, until it is ended.
    private func listen(_ daemon: DaemonFixture, _ path: String) -> RunningCommand {
        RunningCommand(
            ["/usr/bin/curl", "-sSN", "-H", "Accept: text/event-stream", "\(daemon.url)\(path)"],
            environment: ["PATH": EngineFixture.path])
    }

    @Test("events of every process come as they happen, and those of before when they are asked for")
    func events() throws {
        let daemon = try DaemonFixture(engine)
        let live = listen(daemon, "/events?container=streamed")
        #expect(live.waitForOutput(": "))
        // Made by cfs, not by the daemon.
        #expect(engine.run("run", "--rm", "--name", "streamed", "BusyBox", "true").status == 0)
        #expect(live.waitForOutput(#""action":"die""#))
        let before = listen(daemon, "/events?container=streamed&since=2020-01-01T00:00:00Z")
        #expect(before.waitForOutput(#""action":"die""#))
        for text in [live.outputSoFar, before.outputSoFar] {
            #expect(text.ranges(of: #""action":"start""#).count == 1 && text.contains("event: container\ndata: {"))
        }
        for listener in [live, before] { listener.signal(SIGTERM) }
    }

    @Test("an action that there is none of is a bad request")
    func unknownAction() throws {
        let daemon = try DaemonFixture(engine)
        let refused = daemon.get("/events?action=bogus&until=0s")
        #expect(refused.status == 400 && refused.text.contains("health_status"), "\(refused.text)")
        let range = "since=2020-01-01T00:00:00Z&until=2020-01-02T00:00:00Z"
        for action in ["die", "health_status", "health_status:%20healthy"] {
            #expect(daemon.get("/events?action=\(action)&\(range)").status == 200, "\(action)")
        }
    }

    @Test("events until a time come to an end that is told")
    func bounded() throws {
        let daemon = try DaemonFixture(engine)
        let all = listen(daemon, "/events?since=2020-01-01T00:00:00Z&until=2020-01-02T00:00:00Z").finish()
        #expect(all.status == 0 && all.output.hasSuffix("event: end\ndata: {}\n\n"))
    }

    @Test("a log that is followed ends with its container")
    func logs() throws {
        let daemon = try DaemonFixture(engine)
        let id = try daemon.run(#""command":["sh","-c","echo one; sleep 1; echo two; echo err >&2"]"#)
        defer { _ = daemon.request("DELETE", "/containers/\(id)?force=true") }
        let follower = listen(daemon, "/containers/\(id)/logs?follow=true")
        let end = follower.finish()
        #expect(end.output.contains(#""stream":"stdout","text":"one\n""#))
        #expect(end.output.hasSuffix("event: end\ndata: {}\n\n"))
        let text = daemon.get("/containers/\(id)/logs?stream=stdout").text
        #expect(text.hasPrefix("one\n"))
        #expect(daemon.get("/containers/\(id)/logs?tail=0").text.isEmpty)
        #expect(daemon.get("/containers/\(id)/logs?tail=-1").status == 400)
    }

    @Test("statistics come at their interval, and end with the container")
    func statistics() throws {
        let daemon = try DaemonFixture(engine)
        let id = try daemon.run(#""command":"sleep 1000""#)
        defer { _ = daemon.request("DELETE", "/containers/\(id)?force=true") }
        let reading = daemon.get("/containers/\(id)/stats").json
        #expect(reading["id"].text == id && reading["cpuMicroseconds"].number != nil)
        let follower = listen(daemon, "/containers/\(id)/stats?interval=0.1")
        #expect(follower.waitForOutput(#""cpu":"#))
        #expect(daemon.request("POST", "/containers/\(id)/kill").status == 200)
        #expect(follower.finish().output.hasSuffix("event: end\ndata: {}\n\n"))
        #expect(daemon.get("/containers/\(id)/stats").json["code"].text == "containerNotRunning")
    }

    @Test("200 readers that never read hold nothing up")
    func deaf() throws {
        let daemon = try DaemonFixture(engine)
        var connections: [Int32] = []
        defer { for connection in connections { close(connection) } }
        for _ in 0..<200 {
            let connection = daemon.connect()
            connections.append(connection)
            let text = "GET /events HTTP/1.1\r\nHost: localhost:\(daemon.port)\r\n\r\n"
            _ = Array(text.utf8).withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        }
        #expect(eventually { daemon.get("/metrics").text.contains("cfsd_event_listeners 200\n") })
        let live = listen(daemon, "/events?action=die")
        #expect(live.waitForOutput(": "))
        let id = try daemon.run(#""command":"sleep 1000""#)
        #expect(daemon.request("POST", "/containers/\(id)/kill").status == 200)
        #expect(live.waitForOutput(#""action":"die""#))
        #expect(daemon.request("DELETE", "/containers/\(id)?force=true").status == 200)
        live.signal(SIGTERM)
    }

    @Test("of who hangs up while a container is quiet nothing is kept", arguments: ["wait", "logs?follow=true"])
    func hungUp(_ path: String) throws {
        let daemon = try DaemonFixture(engine)
        let id = try daemon.run(#""command":"sleep 1000""#)
        defer { _ = daemon.request("DELETE", "/containers/\(id)?force=true") }
        func count() -> Int { namesInFolder("/proc/\(daemon.command.pid)/fd").count }
        // What is opened once is open by then.
        #expect(daemon.get("/containers/\(id)/logs").status == 200)
        #expect(eventually { daemon.get("/metrics").text.contains("cfsd_connections 1\n") })
        let before = count()
        for isWhole in [true, false] {
            var connections: [Int32] = []
            for _ in 0..<20 {
                let connection = daemon.connect()
                connections.append(connection)
                let text = "GET /containers/\(id)/\(path) HTTP/1.1\r\nHost: localhost:\(daemon.port)\r\n\r\n"
                _ = Array(text.utf8).withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            }
            // Their connections, and what they wait for; those of before may be closed meanwhile.
            #expect(eventually { count() >= before + 20 * 2 - 4 })
            for connection in connections where isWhole { close(connection) }
            for connection in connections where !isWhole { shutdown(connection, Int32(SHUT_WR)) }
            #expect(eventually { count() <= before + 4 }, "\(isWhole)")
            for connection in connections where !isWhole { close(connection) }
        }
    }

    @Test("who hangs up while a container writes only what he does not follow is let go")
    func hungUpAside() throws {
        let daemon = try DaemonFixture(engine)
        let id = try daemon.run(#""command":["sh","-c","while :; do echo x; done"]"#)
        defer { _ = daemon.request("DELETE", "/containers/\(id)?force=true") }
        func isOpen() -> Bool {
            engine.host("ls -l /proc/\(daemon.command.pid)/fd").output.contains("\(id)/log")
        }
        let connection = daemon.connect()
        let request = "GET /containers/\(id)/logs?follow=true&stream=stderr HTTP/1.1\r\nHost: localhost:\(daemon.port)"
        _ = Array("\(request)\r\n\r\n".utf8).withUnsafeBytes {
            send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
        }
        #expect(eventually { isOpen() })
        close(connection)
        #expect(eventually { !isOpen() })
    }

    @Test("one more command in a container has its status and output")
    func execute() throws {
        let daemon = try DaemonFixture(engine)
        let id = try daemon.run(#""command":"sleep 1000""#)
        defer { _ = daemon.request("DELETE", "/containers/\(id)?force=true") }
        let answer = daemon.request(
            "POST", "/containers/\(id)/exec",
            #"{"command":["sh","-c","pwd; echo $A >&2; exit 4"],"workdir":"/tmp","env":"A=b"}"#)
        #expect(answer.json["exitCode"].number == 4 && answer.json["stdout"].text == "/tmp\n", "\(answer.text)")
        #expect(answer.json["stderr"].text == "b\n")
        let wrong = daemon.request("POST", "/containers/\(id)/exec", #"{"command":"/none"}"#)
        #expect(wrong.status == 422 && wrong.json["code"].text == "commandNotFound")
        let nowhere = daemon.request("POST", "/containers/\(id)/exec", #"{"command":"ls","workdir":"/none"}"#)
        #expect(nowhere.status == 422 && nowhere.text.contains("working directory /none"), "\(nowhere.text)")
    }

    @Test("who waits hears how it ended, and who waits for its removal that it is gone")
    func waiting() throws {
        let daemon = try DaemonFixture(engine)
        let id = try daemon.run(#""command":"sleep 1000","rm":true"#)
        let end = listen(daemon, "/containers/\(id)/wait")
        let removal = listen(daemon, "/containers/\(id)/wait?condition=removed")
        // Both are there before it ends.
        #expect(eventually { daemon.get("/metrics").text.contains("cfsd_connections 3\n") })
        #expect(daemon.request("POST", "/containers/\(id)/kill", #"{"signal":"KILL"}"#).status == 200)
        for waiter in [end, removal] {
            let text = waiter.finish().output
            #expect(text.contains(#""exitCode":137,"signal":9"#), "\(text)")
        }
        #expect(daemon.get("/containers/\(id)").status == 404)
    }

    @Test("files go in and out as a tar")
    func archives() throws {
        let daemon = try DaemonFixture(engine)
        let id = try daemon.run(#""command":"sleep 1000""#)
        defer { _ = daemon.request("DELETE", "/containers/\(id)?force=true") }
        let script = """
            mkdir in && echo hello > in/file && tar cf in.tar -C in file
            curl -sS -f -X POST -H 'Content-Type: application/x-tar' --data-binary @in.tar '\(daemon.url)/containers/\(id)/archive?path=/root'
            curl -sS -f '\(daemon.url)/containers/\(id)/archive?path=/root/file' | tar xO
            """
        let result = engine.host(script)
        #expect(result.lines == [#"{"files":1,"bytes":6}"#, "hello"], "\(result.output) \(result.errors)")
        #expect(daemon.request("POST", "/containers/\(id)/archive?path=/root", "{}").status == 415)
        let missing = daemon.get("/containers/\(id)/archive?path=/no/such")
        #expect(missing.status == 404 && missing.json["message"].text == "there is no /no/such in the container")
        #expect(daemon.request("POST", "/containers/\(id)/kill", #"{"signal":"KILL"}"#).status == 200)
        _ = daemon.get("/containers/\(id)/wait")
        let hidden = engine.host(
            """
            mkdir etc && echo x > etc/hostname && tar cf etc.tar etc
            curl -sS -X POST -H 'Content-Type: application/x-tar' --data-binary @etc.tar '\(daemon.url)/containers/\(id)/archive?path=/'
            """)
        #expect(hidden.output.contains("/etc/hostname in the container lies in /etc/hostname, which is only mounted"))
    }

    @Test("an image is imported by upload, exported and removed")
    func images() throws {
        let daemon = try DaemonFixture(engine)
        #expect(engine.run("run", "--rm", "BusyBox", "true").status == 0)
        let script = """
            curl -sS --fail-with-body '\(daemon.url)/images/BusyBox/export' > image.tar || { cat image.tar; exit 1; }
            curl -sS --fail-with-body -X POST -H 'Content-Type: application/x-tar' --data-binary @image.tar '\(daemon.url)/images?name=again%2Fb'
            """
        let result = engine.host(script)
        #expect(result.status == 0, "\(result.output) \(result.errors)")
        let images = daemon.get("/images").json.array
        let image = images.first { $0["name"].text == "again/b" }
        #expect(image?["layers"][0]["images"].texts.contains("BusyBox") == true, "\(images)")
        #expect(daemon.request("DELETE", "/images/again%2Fb?force=true").status == 200)
        #expect(daemon.get("/images/again%2Fb").status == 404)
    }
}
