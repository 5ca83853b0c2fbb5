import EngineSupport
import Glibc
import TestSupport
import Testing

@Suite("The seeds' interface, to the letter", .needsHost, .engine, .serialized)
struct DaemonTests: EngineSuite {
    @Test("the banner has the methods and examples for curl")
    func banner() throws {
        let daemon = try DaemonFixture(engine)
        let answer = daemon.get("/")
        #expect(answer.status == 200 && answer.headers.contains("text/plain"))
        for word in ["/containers", "/history", "/run", #"{"state":"run","image":"BusyBox","command":"pwd"}"#] {
            #expect(answer.text.contains(word), "\(word)")
        }
    }

    @Test("a container runs, is listed, is stopped, and stands in the history")
    func life() throws {
        let daemon = try DaemonFixture(engine)
        // As curl sends it by itself: as a form.
        let started = daemon.curl([
            "-d", #"{"state":"run","image":"BusyBox","command":"sleep 1000"}"#, "\(daemon.url)/run",
        ])
        #expect(started.status == 200, "\(started.text)")
        let id = try #require(started.json["id"].text)
        #expect(id.count == 36 && started.json["state"].text == "Running")
        let listed = daemon.get("/containers").json
        #expect(listed.names.contains(id))
        for (name, value) in [("id", id), ("state", "Running"), ("image", "BusyBox"), ("command", "sleep 1000")] {
            #expect(listed[id][name].text == value)
        }
        let pid = try #require(listed[id]["pid"].number)
        let stopped = daemon.request("POST", "/run", #"{"id":"\#(id)","state":"stop","time":0}"#)
        #expect(stopped.status == 200 && stopped.json["state"].text == "Stopped", "\(stopped.text)")
        #expect(kill(pid_t(pid), 0) == -1, "the process is there")
        #expect(!daemon.get("/containers").json.names.contains(id))
        let run = daemon.get("/history").json.array.first { $0["id"].text == id }
        for (name, value) in [("state", "Stopped"), ("image", "BusyBox"), ("command", "sleep 1000")] {
            #expect(run?[name].text == value)
        }
        #expect(daemon.request("DELETE", "/containers/\(id)").status == 200)
        #expect(daemon.get("/containers/\(id)").status == 404)
    }

    @Test("a stop and a restart without a time take the container's own")
    func ownPatience() throws {
        let daemon = try DaemonFixture(engine)
        let script = "trap 'sleep 3; echo late; exit 4' TERM; echo up; while :; do sleep 0.05; done"
        let fields = #""image":"BusyBox","command":["sh","-c","\#(script)"],"stop-timeout":0,"shm-size":"1m""#
        let id = try #require(daemon.request("POST", "/run", #"{"state":"run",\#(fields)}"#).json["id"].text)
        #expect(eventually { engine.run("logs", id).output == "up\n" })
        #expect(daemon.request("POST", "/containers/\(id)/restart").status == 200)
        #expect(eventually { engine.run("logs", id).output == "up\nup\n" })
        let stopped = daemon.request("POST", "/containers/\(id)/stop")
        #expect(stopped.status == 200 && stopped.json["exitCode"].number == 137, "\(stopped.text)")
        let host = daemon.get("/containers/\(id)/inspect").json["HostConfig"]
        #expect(host["ShmSize"].number == 1_048_576)
        #expect(daemon.request("DELETE", "/containers/\(id)").status == 200)
    }

    @Test("one that fails is Stopped: ERROR, there and in the history")
    func failing() throws {
        let daemon = try DaemonFixture(engine)
        let answer = daemon.request(
            "POST", "/run", #"{"state":"run","image":"BusyBox","command":"sh -c 'exit 3'","wait":true}"#)
        #expect(answer.json["state"].text == "Stopped: ERROR" && answer.json["exitCode"].number == 3)
        let id = try #require(answer.json["id"].text)
        #expect(daemon.get("/containers/\(id)").json["state"].text == "Stopped: ERROR")
        let run = daemon.get("/history").json.array.first { $0["id"].text == id }
        #expect(run?["state"].text == "Stopped: ERROR")
        #expect(daemon.request("DELETE", "/containers/\(id)").status == 200)
    }

    @Test("with wait the answer has status and output, of both streams")
    func waiting() throws {
        let daemon = try DaemonFixture(engine)
        let answer = daemon.request(
            "POST", "/run",
            #"{"state":"run","image":"BusyBox","command":["sh","-c","echo out; echo err >&2; exit 7"],"wait":true,"rm":true}"#
        )
        #expect(answer.status == 200, "\(answer.text)")
        #expect(answer.json["exitCode"].number == 7)
        #expect(answer.json["stdout"].text == "out\n" && answer.json["stderr"].text == "err\n")
        #expect(answer.json["truncated"].bool == false)
        let id = try #require(answer.json["id"].text)
        #expect(eventually { daemon.get("/containers/\(id)").status == 404 }, "it was to remove itself")
    }

    @Test("of a flood of output the first MiB is kept, and the rest does not stop it")
    func flood() throws {
        let daemon = try DaemonFixture(engine)
        let answer = daemon.request(
            "POST", "/run",
            #"{"state":"run","image":"BusyBox","command":["sh","-c","head -c 8000000 /dev/zero | tr '\\0' x"],"wait":true,"rm":true}"#
        )
        #expect(answer.json["exitCode"].number == 0, "\(answer.text.prefix(300))")
        #expect(answer.json["stdout"].text?.utf8.count == 1 << 20 && answer.json["truncated"].bool == true)
    }

    @Test(
        "what is wrong is told with a fitting status, and nothing runs",
        arguments: [
            (#"{"state":"dance","image":"BusyBox"}"#, 400, "invalidArgument"),
            (#"{"state":"run"}"#, 400, "invalidArgument"),
            (#"{"state":"stop","id":"e7887770-da8e-43db-9ca1-69526d144d7c"}"#, 404, "containerNotFound"),
            (#"{"state":"run","image":"NoSuchImage"}"#, 404, "imageNotFound"), (#"{"state":"#, 400, "invalidRequest"),
            ("[1]", 400, "invalidRequest"), ("", 400, "invalidArgument"),
            (#"{"state":"run","image":"BusyBox","x":1}"#, 400, "invalidArgument"),
            (#"{"state":"run","image":5}"#, 400, "invalidArgument"),
            (#"{"state":"run","image":"BusyBox","command":"ls","volume":["/no/such:/x"]}"#, 422, "mountFailed"),
            (#"{"state":"run","image":"BusyBox","command":"/no/such"}"#, 422, "commandNotFound"),
            (#"{"state":"run","image":"BusyBox","command":"/etc"}"#, 422, "commandNotExecutable"),
        ] as [(String, Int, String)])
    func wrong(body: String, status: Int, code: String) throws {
        let daemon = try DaemonFixture(engine)
        let answer = daemon.request("POST", "/run", body)
        #expect(answer.status == status && answer.json["code"].text == code, "\(answer.text)")
        #expect(answer.json["message"].text?.isEmpty == false && answer.json["phase"].text?.isEmpty == false)
        #expect(daemon.get("/containers").json == .object([:]))
    }

    @Test("a path that is not there, a method that is not possible, a body of another type")
    func transport() throws {
        let daemon = try DaemonFixture(engine)
        #expect(daemon.get("/nothing").json["code"].text == "routeNotFound")
        let put = daemon.request("PUT", "/containers", "{}")
        #expect(put.status == 405 && put.headers.contains("Allow: GET"))
        #expect(daemon.request("POST", "/run", "<a/>", "-H", "Content-Type: text/xml").status == 415)
        #expect(daemon.get("/containers?al=1").json["hint"].text == "did you mean all?")
        #expect(daemon.curl(["-I", "\(daemon.url)/healthz"]).status == 200)
    }

    @Test("the same key starts one container, also for a daemon that was killed and started again")
    func idempotency() throws {
        var daemon = try DaemonFixture(engine)
        let body = #"{"state":"run","image":"BusyBox","command":"sleep 1000"}"#
        let first = daemon.request("POST", "/run", body, "-H", "Idempotency-Key: k1")
        #expect(first.status == 200, "\(first.text)")
        let second = daemon.request("POST", "/run", body, "-H", "Idempotency-Key: k1")
        #expect(second.json == first.json && second.headers.lowercased().contains("idempotent-replayed: true"))
        #expect(daemon.get("/containers").json.names.count == 1)
        let other = daemon.request("POST", "/run", #"{"state":"run","image":"BusyBox"}"#, "-H", "Idempotency-Key: k1")
        #expect(other.status == 409 && other.json["code"].text == "idempotencyConflict")
        daemon.command.signal(SIGKILL)
        _ = daemon.command.finish()
        daemon = try DaemonFixture(engine)
        let third = daemon.request("POST", "/run", body, "-H", "Idempotency-Key: k1")
        #expect(third.json == first.json)
        #expect(daemon.get("/containers").json.names.count == 1)
        #expect(daemon.request("DELETE", "/containers/\(first.json["id"].text ?? "")?force=true").status == 200)
    }

    @Test("a port that is taken is one error, and leaves no socket behind")
    func takenPort() throws {
        let daemon = try DaemonFixture(engine)
        let folder = TemporaryDirectory()
        let second = DaemonFixture.start(
            engine, ["--listen", "127.0.0.1:\(daemon.port)", "--socket", folder("socket")]
        ).finish()
        #expect(second.status == 1 && second.errors.contains("cannot listen on 127.0.0.1:\(daemon.port)"))
        #expect(!second.errors.contains("Cancellation"), "\(second.errors)")
        #expect(access(folder("socket"), F_OK) == -1)
        #expect(daemon.get("/").text.contains("curl http://127.0.0.1:\(daemon.port)/containers\n"))
    }

    @Test("lists come in pages that lead from one to the next")
    func pages() throws {
        let daemon = try DaemonFixture(engine)
        var ids: Set<String> = []
        for _ in 0..<3 { ids.insert(try daemon.run(#""command":"sleep 1000""#)) }
        var path: String? = "/containers?limit=2"
        var found: [String] = []
        while let next = path {
            let answer = daemon.get(next)
            found += answer.json.names
            let link = answer.headers.split(separator: "\r\n").first { $0.lowercased().hasPrefix("link: <") }
            path = link.map { String($0.dropFirst("Link: <".count).prefix { $0 != ">" }) }
            #expect(found.count <= 3)
        }
        #expect(found.count == 3 && Set(found) == ids)
        // What a page ended with may be gone when the next one is asked for.
        let first = daemon.get("/containers?limit=1")
        let newest = try #require(first.json.names.first)
        let link = try #require(
            first.headers.split(separator: "\r\n").first { $0.lowercased().hasPrefix("link: <") }.map {
                String($0.dropFirst("Link: <".count).prefix { $0 != ">" })
            })
        #expect(daemon.get("/containers?after=\(newest)").json.names == ids.subtracting([newest]))
        #expect(daemon.request("DELETE", "/containers/\(newest)?force=true").status == 200)
        ids.remove(newest)
        #expect(daemon.get(link).json.names.count == 1 && daemon.get(link).json.names.isSubset(of: ids))
        for path in ["/containers?after=nope", "/history?after=nope"] {
            let answer = daemon.get(path)
            #expect(answer.status == 400 && answer.json["code"].text == "invalidRequest", "\(path): \(answer.text)")
        }
        #expect(daemon.get("/history?after=99999999").json.array.isEmpty)
        for id in ids { #expect(daemon.request("DELETE", "/containers/\(id)?force=true").status == 200) }
    }

    @Test("who removes a container that runs has stopped it: its history tells no error, and its events the kill")
    func forcedRemoval() throws {
        let daemon = try DaemonFixture(engine)
        let id = try daemon.run(#""command":"sleep 1000""#)
        #expect(daemon.request("DELETE", "/containers/\(id)?force=true").status == 200)
        let run = try #require(daemon.get("/history").json.array.first { $0["id"].text == id })
        #expect(run["state"].text == "Stopped" && run["exitCode"].number == 137, "\(run)")
        let verbs = try JSONValue(
            parsing: Array(
                engine.run(["history", "--format", "json", "--filter", "container=\(id)"]).output.utf8))
        #expect(verbs.array.compactMap { $0["Verb"].text }.sorted() == ["kill", "rm", "run"], "\(verbs)")
        let events = engine.run(["events", "--since", "10m", "--until", "0s", "--filter", "container=\(id)"])
        let order = ["kill", "die", "destroy"].map { word in
            events.output.split(separator: "\n").firstIndex { $0.contains(" \(word) ") }
        }
        #expect(!order.contains(nil) && order.compactMap { $0 } == order.compactMap { $0 }.sorted(), "\(events.output)")
    }

    @Test("the answer of a container that is gone with its end is as whole as that of one that stays")
    func goneWithItsEnd() throws {
        let daemon = try DaemonFixture(engine)
        func answer(_ rest: String) -> JSONValue {
            daemon.request(
                "POST", "/run", #"{"state":"run","image":"BusyBox","command":["sh","-c","exit 3"],"wait":true\#(rest)}"#
            ).json
        }
        let stays = answer("")
        let gone = answer(#","rm":true"#)
        #expect(Set(gone.names) == Set(stays.names), "\(gone)")
        #expect(gone["state"].text == "Stopped: ERROR" && gone["exitCode"].number == 3, "\(gone)")
        #expect(gone["imageDigest"] == stays["imageDigest"] && gone["autoRemove"] == .bool(true))
        let times = ["createdAt", "startedAt", "finishedAt"].map { gone[$0].text ?? "" }
        #expect(times == times.sorted() && !times.contains(""), "\(times)")
        let run = daemon.get("/history").json.array.first { $0["id"].text == gone["id"].text }
        // The monitor's own time: it is noted before the end is told, and the daemon hears of it after that.
        #expect(times[2] <= run?["finishedAt"].text ?? "", "\(times) \(String(describing: run))")
        #expect(daemon.get("/containers/\(gone["id"].text ?? "")").status == 404)
        #expect(daemon.request("DELETE", "/containers/\(stays["id"].text ?? "")").status == 200)
    }
}
