import EngineSupport
import TestSupport
import Testing

/// With a network namespace of the suite's own in the place of the host's.
@Suite("Networks over REST, for real", .needsHost, .engineWithNetwork, .serialized)
struct DaemonNetworkTests: EngineSuite {
    @Test("a route of somebody else in the place of a network's keeps neither the daemon nor restore from starting")
    func foreignRoute() throws {
        let made = engine.run("network", "create", "--subnet", "10.212.9.0/24", "routed")
        #expect(made.status == 0, "\(made.errors)")
        defer { engine.run("network", "rm", "routed") }
        let host = try #require(engine.network)
        try engine.withContainer(["--network", "routed"]) { _ in
            #expect(host.run("ip route replace 10.212.9.0/24 dev lo").status == 0)
            defer { host.run("ip route del 10.212.9.0/24 dev lo") }
            let recovered = engine.run("system", "recover")
            #expect(recovered.status == 1 && recovered.errors.contains("10.212.9.0/24"), "\(recovered.errors)")
            let restored = engine.run("system", "restore")
            #expect(restored.status == 0 && restored.errors.contains("10.212.9.0/24"), "\(restored.errors)")
            let daemon = try DaemonFixture(engine)
            #expect(daemon.get("/healthz").status == 200)
        }
    }

    @Test("a network is made, listed, joined, left and removed")
    func life() throws {
        let daemon = try DaemonFixture(engine)
        let made = daemon.request(
            "POST", "/networks", #"{"name":"blue","subnet":"10.212.1.0/24","opt":"mtu=1400","label":["a=b"]}"#)
        #expect(made.status == 200, "\(made.text)")
        #expect(made.json["subnets"][0]["gateway"].text == "10.212.1.1" && made.json["mtu"].number == 1400)
        #expect(made.json["labels"]["a"].text == "b" && made.json["containers"] == .array([]))
        let id = try #require(made.json["id"].text)
        #expect(daemon.get("/networks").json.array.compactMap { $0["name"].text } == ["blue", "cfs0"])
        let first = daemon.get("/networks?limit=1")
        #expect(first.json.array.count == 1 && first.headers.contains("</networks?limit=1&after=blue>"))
        #expect(daemon.get("/networks?after=blue").json.array.compactMap { $0["name"].text } == ["cfs0"])
        for name in ["blue", id, String(id.prefix(8))] {
            #expect(daemon.get("/networks/\(name)").json["id"].text == id, "\(name)")
        }
        try engine.withContainer(["--name", "web", "-p", "127.0.0.1:8098:80", "--network", "cfs0"]) { container in
            let joined = daemon.request(
                "POST", "/networks/blue/connect", #"{"container":"web","ip":"10.212.1.7","alias":"db"}"#)
            #expect(joined.status == 200, "\(joined.text)")
            let member = joined.json["containers"][0]
            #expect(
                member["id"].text == container && member["name"].text == "web" && member["status"].text == "running")
            #expect(member["addresses"].texts == ["10.212.1.7"] && member["ports"][0]["hostPort"].number == 8098)
            let inside = engine.run("exec", "web", "ip", "addr", "show", "eth1").output
            #expect(inside.contains("10.212.1.7/24"), "\(inside)")
            let used = daemon.request("DELETE", "/networks/blue")
            #expect(used.status == 409 && used.json["code"].text == "networkInUse", "\(used.text)")
            #expect(used.json["hint"].text?.contains("DELETE /containers/web") == true, "\(used.text)")
            let twice = daemon.request("POST", "/networks/blue/connect", #"{"container":"web"}"#)
            #expect(twice.status == 409 && twice.json["code"].text == "conflict", "\(twice.text)")
            #expect(twice.json["hint"].text == "see: GET /networks/blue")
            let left = daemon.request("POST", "/networks/\(id)/disconnect", #"{"container":"web"}"#)
            #expect(left.status == 200 && left.json["containers"] == .array([]), "\(left.text)")
            #expect(engine.run("exec", "web", "ls", "/sys/class/net").text.split(separator: "\n") == ["eth0", "lo"])
            let again = daemon.request("POST", "/networks/blue/disconnect", #"{"container":"web"}"#)
            #expect(again.status == 409 && again.json["code"].text == "conflict", "\(again.text)")
            let forced = daemon.request("POST", "/networks/blue/disconnect", #"{"container":"web","force":true}"#)
            #expect(forced.status == 200, "\(forced.text)")
        }
        let removed = daemon.request("DELETE", "/networks/blue")
        #expect(removed.status == 200 && removed.json["id"].text == id, "\(removed.text)")
        let gone = daemon.get("/networks/blue")
        #expect(gone.status == 404 && gone.json["code"].text == "networkNotFound")
        let hint = #"those that there are: GET /networks; a new one: POST /networks {"name": "blue"}"#
        #expect(gone.json["hint"].text == hint, "\(gone.text)")
    }

    @Test(
        "what is wrong is told with a fitting status, and nothing is made",
        arguments: [
            ("", "{}", 400, "invalidRequest"), ("", "", 400, "invalidRequest"), ("", "[1]", 400, "invalidRequest"),
            ("", #"{"name":"x","color":1}"#, 400, "invalidRequest"), ("", #"{"name":"-x"}"#, 400, "invalidArgument"),
            ("", #"{"name":"host"}"#, 400, "invalidArgument"), ("", #"{"name":"cfs0"}"#, 409, "nameTaken"),
            ("", #"{"name":"x","subnet":"10.1.1.1/24"}"#, 400, "invalidArgument"),
            ("", #"{"name":"x","driver":"macvlan","opt":"parent=nothing"}"#, 400, "invalidArgument"),
            ("/none-such/connect", #"{"container":"web"}"#, 404, "containerNotFound"),
            ("/cfs0/connect", #"{"container":"none-such"}"#, 404, "containerNotFound"),
            ("/cfs0/connect", "{}", 400, "invalidRequest"),
            ("/cfs0/connect", #"{"container":"web","ip":"here"}"#, 400, "invalidArgument"),
            ("/cfs0/disconnect", #"{"container":"none-such"}"#, 404, "containerNotFound"),
            ("/cfs0/disconnect", #"{"container":"web","force":1}"#, 400, "invalidRequest"),
            ("/cfs0/rename", "{}", 404, "routeNotFound"),
        ] as [(String, String, Int, String)])
    func wrong(path: String, body: String, status: Int, code: String) throws {
        let daemon = try DaemonFixture(engine)
        let answer = daemon.request("POST", "/networks\(path)", body)
        #expect(answer.status == status && answer.json["code"].text == code, "\(answer.text)")
        #expect(daemon.get("/networks").json.array.compactMap { $0["name"].text } == ["cfs0"])
    }
}
