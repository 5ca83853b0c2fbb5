import EngineSupport
import Glibc
import TestSupport
import Testing

/// Networks that only a container joins: it forwards, and the others have routes by way of it.
@Suite("Containers that route", .needsHost, .engineWithNetwork)
struct NetworkRouterTests: EngineSuite {
    private static let names = ["north", "east", "west"]

    /// What a container on one of the networks runs: routes to the two others by the router's address, then a web server.
    private static func server(on network: Int) -> [String] {
        let routes = names.indices.filter { $0 != network }
            .map { "ip route add 10.77.\($0).0/24 via 10.77.\(network).2" }
        return ["sh", "-c", routes.joined(separator: " && ") + " && exec httpd -f -p 80 -h /etc"]
    }

    @Test("three networks talk through a container that is on all of them, and not without it")
    func three() throws {
        for (index, name) in Self.names.enumerated() {
            let made = engine.run("network", "create", "--subnet", "10.77.\(index).0/24", name)
            try #require(made.status == 0, "\(made.errors)")
        }
        defer { engine.run(["network", "rm"] + Self.names) }
        var ids: [String] = []
        defer { if !ids.isEmpty { engine.run(["rm", "-f"] + ids) } }
        for (index, name) in Self.names.enumerated() {
            let started = engine.run(
                [
                    "run", "-d", "--name", "host-\(name)", "--cap-add", "NET_ADMIN", "--network",
                    "\(name),ip=10.77.\(index).9",
                ]
                    + ["BusyBox"] + Self.server(on: index))
            try #require(started.status == 0, "\(started.errors)")
            ids.append(started.text)
        }
        func get(_ from: Int, _ to: Int) -> CommandResult {
            engine.run(
                "exec", ids[from], "timeout", "2", "wget", "-q", "-O", "-", "http://10.77.\(to).9/hostname")
        }
        #expect(eventually { get(0, 0).status == 0 })
        for from in Self.names.indices {
            for to in Self.names.indices where to != from { #expect(get(from, to).status != 0) }
        }
        let joined = Self.names.enumerated().flatMap { ["--network", "\($1),ip=10.77.\($0).2"] }
        let router = engine.run(
            ["run", "-d", "--name", "router", "--sysctl", "net.ipv4.ip_forward=1"] + joined + [
                "BusyBox", "sleep", "1000",
            ])
        try #require(router.status == 0, "\(router.errors)")
        ids.append(router.text)
        for from in Self.names.indices {
            for to in Self.names.indices where to != from {
                let got = get(from, to)
                #expect(got.text == String(ids[to].prefix(12)), "\(from) to \(to): \(got.errors)")
            }
        }
        // One hop between the two: the router, and not the host.
        let trace = engine.run("exec", "-u", "0", ids[0], "sh", "-c", "ip route get 10.77.1.9")
        #expect(trace.output.contains("via 10.77.0.2"), "\(trace.output)\(trace.errors)")
        #expect(engine.run("stop", "-t", "0", "router").status == 0)
        #expect(get(0, 1).status != 0)
    }
}
