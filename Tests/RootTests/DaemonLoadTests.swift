import EngineSupport
import Glibc
import TestSupport
import Testing

@Suite("The daemon under load", .needsHost, .engine, .serialized)
struct DaemonLoadTests: EngineSuite {
    private static func number(_ name: String, or usual: Int) -> Int {
        getenv(name).flatMap { Int(String(cString: $0)) } ?? usual
    }

    /// Resident memory of the daemon, in KiB.
    private func memory(_ daemon: DaemonFixture) -> Int {
        let status = textOfFile("/proc/\(daemon.command.pid)/status") ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("VmRSS:") }
        return line.flatMap { Int($0.dropFirst(6).filter(\.isNumber)) } ?? 0
    }

    /// A reader of events.
    ///
    /// - Parameter isDeaf: it will read nothing, and the kernel keeps little for it: what is kept is the daemon's, soon.
    private func listen(_ daemon: DaemonFixture, isDeaf: Bool = false) -> Int32 {
        let connection = daemon.connect()
        if isDeaf {
            var size: Int32 = 4096
            setsockopt(connection, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        }
        let text = "GET /events HTTP/1.1\r\nHost: localhost:\(daemon.port)\r\n\r\n"
        _ = Array(text.utf8).withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        return connection
    }

    /// Takes from a connection until a text has come.
    private func take(_ text: String, from connection: Int32) -> Bool {
        var seen: [UInt8] = []
        let end = monotonicSeconds() + 60
        while monotonicSeconds() < end {
            var entry = pollfd(fd: connection, events: Int16(POLLIN), revents: 0)
            guard poll(&entry, 1, 1000) > 0 else { continue }
            let piece = [UInt8](unsafeUninitializedCapacity: 64 << 10) { buffer, count in
                count = max(0, recv(connection, buffer.baseAddress, buffer.count, 0))
            }
            if piece.isEmpty { return false }
            seen += piece
            if String(decoding: seen, as: UTF8.self).contains(text) { return true }
        }
        return false
    }

    @Test("1,000 readers of events, of which half never read: the others hear all, and containers run as ever")
    func readers() throws {
        let daemon = try DaemonFixture(engine)
        let connections = (0..<1000).map { _ in listen(daemon) }
        defer { for connection in connections { close(connection) } }
        #expect(eventually { daemon.get("/metrics").text.contains("cfsd_event_listeners 1000\n") })
        for number in 0..<20 {
            let answer = daemon.request(
                "POST", "/run",
                #"{"state":"run","image":"BusyBox","command":"true","rm":true,"wait":true,"name":"n\#(number)"}"#)
            #expect(answer.status == 200, "\(answer.text)")
        }
        for connection in connections[..<500] {
            #expect(take(#""action":"destroy","id":"#, from: connection) || take("n19", from: connection))
        }
        print("memory with 1000 readers, half of them deaf: \(memory(daemon)) KiB")
        #expect(daemon.get("/healthz").status == 200)
    }

    @Test("killed and started again under load, it loses no container, and says nothing that is wrong")
    func restarted() throws {
        let count = Self.number("CFS_TEST_RESTART_CONTAINERS", or: 100)
        // An engine of its own: the daemons of other tests must not put its containers right.
        let engine = EngineFixture()
        defer { engine.host("$CFS ps -aq | xargs -r $CFS rm -f") }
        var daemon = try DaemonFixture(engine)
        var pids: [String: Double] = [:]
        for number in 0..<count {
            let id = try daemon.run(#""command":"sleep 1000","name":"kept\#(number)""#)
            let pid: Double = try #require(daemon.get("/containers/\(id)").json["pid"].number)
            pids[id] = pid
        }
        let port = daemon.port
        // Looks, starts and stops that go on whatever the daemon does.
        let load = """
            while [ ! -e \(engine.folder("enough")) ]; do
                curl -s --max-time 20 http://127.0.0.1:\(port)/containers -o /dev/null
                curl -s --max-time 20 http://127.0.0.1:\(port)/run -o /dev/null -d '{"state":"run","image":"BusyBox","command":"true","wait":true,"rm":true}'
            done
            """
        let callers = (0..<4).map { _ in
            RunningCommand(["/bin/bash", "-c", load], environment: ["PATH": EngineFixture.path])
        }
        for _ in 0..<Self.number("CFS_TEST_RESTARTS", or: 5) {
            let answers = (0..<20).map { _ in daemon.request("GET", "/containers") }
            #expect(answers.allSatisfy { $0.status == 200 && $0.json.names.count >= count })
            daemon.command.signal(SIGKILL)
            _ = daemon.command.finish()
            daemon = try DaemonFixture(engine, ["--listen", "127.0.0.1:\(port)"])
        }
        engine.host("touch enough")
        for caller in callers { _ = caller.finish() }
        for (id, pid) in pids {
            let record = daemon.get("/containers/\(id)").json
            #expect(record["state"].text == "Running" && record["pid"].number == pid, "\(record)")
        }
        let others = daemon.get("/containers?all=true").json
        for id in others.names where pids[id] == nil {
            // Caught by a kill in the middle: ended like any other, and in no state between.
            let status = others[id]["status"].text ?? ""
            #expect(["exited", "running", "created"].contains(status), "\(others[id])")
        }
    }

    @Test("memory stays flat while containers come and go and half of the readers are deaf")
    func churn() throws {
        let seconds = Double(Self.number("CFS_TEST_CHURN_SECONDS", or: 10))
        let daemon = try DaemonFixture(engine)
        let deaf = (0..<100).map { _ in listen(daemon, isDeaf: true) }
        defer { for connection in deaf { close(connection) } }
        let enough = engine.folder("enough")
        // Tells what an answer said that is no success, or why there was none.
        let load = """
            ask() {
                answer=$(curl -sS --fail-with-body \(daemon.url)"$@" 2>&1) || { echo "$* ended with $?: $answer" >&2; exit 1; }
            }
            while [ ! -e \(enough) ]; do
                ask /run -d '{"state":"run","image":"BusyBox","command":"echo text","wait":true,"rm":true}'
                ask /containers
                echo
            done
            """
        let callers = (0..<4).map { _ in
            RunningCommand(["/bin/bash", "-c", load], environment: ["PATH": EngineFixture.path])
        }
        let begin = monotonicSeconds()
        var readings: [Int] = []
        for part in 1...10 {
            // Nothing is waited for but the time that the load is to go on.
            _ = callers[0].waitForOutput("never", seconds: begin + seconds * Double(part) / 10 - monotonicSeconds())
            readings.append(memory(daemon))
        }
        engine.host("touch \(enough)")
        let ends = callers.map { $0.finish() }
        for end in ends { #expect(end.status == 0, "\(end.errors)") }
        let runs = ends.reduce(0) { $0 + $1.output.count { $0 == "\n" } }
        print("churn: \(runs) containers in \(Int(seconds)) s, memory in KiB: \(readings)")
        // The first third fills what is kept: pools, caches, queues of the deaf.
        #expect(readings[9] < readings[3] + 8192, "\(readings)")
    }
}
