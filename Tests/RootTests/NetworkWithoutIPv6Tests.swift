import EngineSupport
import TestSupport
import Testing

/// A network namespace of the suite's own in the place of the host's, in which IPv6 is turned off.
@Suite("Networks of a host without IPv6", .needsHost, .serialized, .engineWithNetwork)
struct NetworkWithoutIPv6Tests: EngineSuite {
    /// The host, with IPv6 off until the body has ended.
    private func withoutIPv6(_ body: (_ host: HostNetwork, _ turnOn: () -> Void) throws -> Void) throws {
        let host = try #require(engine.network)
        func turn(_ off: Int) { host.run("echo \(off) > /proc/sys/net/ipv6/conf/all/disable_ipv6") }
        turn(1)
        defer { turn(0) }
        try body(host) { turn(0) }
    }

    @Test("a port is open and shown for IPv4 alone, and for both with the first start behind which there is IPv6")
    func ports() throws {
        try withoutIPv6 { host, turnOn in
            try withNetwork("four") {
                let options = ["--name", "plain", "--network", "four", "-p", "8150:80", "-p", "8151:53/udp"]
                let server = ["httpd", "-f", "-p", "80", "-h", "/etc"]
                try engine.withContainer(options, server) { id in
                    func isReached(_ place: String) -> Bool {
                        let got = host.run("timeout 5 busybox wget -q -O - http://\(place):8150/hostname")
                        return got.text == String(id.prefix(12))
                    }
                    let ports = engine.run("port", "plain").lines
                    #expect(ports == ["80/tcp -> 0.0.0.0:8150", "53/udp -> 0.0.0.0:8151"])
                    #expect(!engine.run("ps").output.contains("[::]"))
                    let bindings = try engine.inspect("plain")["NetworkSettings"]["Ports"]["80/tcp"].array
                    #expect(bindings.map { $0["HostIp"].text } == ["0.0.0.0"])
                    #expect(isReached("127.0.0.1"))
                    turnOn()
                    #expect(engine.run("restart", "-t", "0", "plain").status == 0)
                    let both = engine.run("port", "plain", "80").lines
                    #expect(both == ["0.0.0.0:8150", "[::]:8150"])
                    #expect(eventually { isReached("[::1]") })
                }
            }
        }
    }

    @Test("a network with IPv6 says that it is off, and the command that it hints at turns it on")
    func network() throws {
        try withoutIPv6 { host, _ in
            try withNetwork("six", ["--ipv6"]) {
                let look = ["run", "--rm", "--network", "six", "-p", "8152:80", "BusyBox", "cat", "/proc/net/if_inet6"]
                let refused = engine.run(look)
                #expect(refused.status == 125, "\(refused.output)")
                #expect(
                    refused.errors.contains("the network six has IPv6, which is turned off on this host"),
                    "\(refused.errors)")
                let hint = try #require(refused.errors.firstRange(of: "sysctl -w "), "\(refused.errors)")
                let command = refused.errors[hint.lowerBound...].prefix { $0 != ";" }
                #expect(host.run(String(command)).status == 0, "\(command)")
                let shown = engine.run(look)
                #expect(shown.status == 0 && shown.output.contains(" eth0"), "\(shown.output)\(shown.errors)")
            }
        }
    }
}
