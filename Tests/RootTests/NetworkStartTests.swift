import EngineSupport
import TestSupport
import Testing

@Suite(
    "A start whose networks are made while the container makes its mounts", .needsHost, .serialized, .engineWithNetwork)
struct NetworkStartTests: EngineSuite {
    private func network() throws -> HostNetwork { try #require(engine.network) }

    @Test("a setting of a device is made on that device, and a start that fails inside says why and leaves no device")
    func settings() throws {
        try withNetwork("set") {
            let setting = "net.ipv4.conf.eth0.rp_filter"
            let path = "/proc/sys/\(setting.replacing(".", with: "/"))"
            for value in ["0", "2"] {
                let read = engine.run(
                    "run", "--rm", "--network", "set", "--sysctl", "\(setting)=\(value)", "BusyBox", "cat", path)
                #expect(read.output == "\(value)\n" && read.status == 0, "\(read.errors)")
            }
            // The container ends while its networks are made: before, between and behind any step of that.
            for _ in 1...30 {
                let wrong = engine.run(
                    "run", "--rm", "--network", "set", "-p", "8086:80", "-w", "/proc/none", "BusyBox", "true")
                #expect(
                    wrong.status == 125 && wrong.errors.contains("the working directory /proc/none"), "\(wrong.errors)")
            }
            let missing = engine.run("run", "--rm", "--network", "set", "-p", "8086:80", "BusyBox", "none")
            #expect(missing.status == 127, "\(missing.errors)")
            #expect(eventually { devices().isEmpty }, "\(devices())")
            let again = engine.run("run", "--rm", "--network", "set", "-p", "8086:80", "BusyBox", "ip", "-o", "addr")
            #expect(again.output.contains("eth0    inet "), "\(again.errors)")
        }
    }

    @Test("any user listens at any port of a network of the container's own, unless it was set, at every run")
    func lowPorts() throws {
        let path = "/proc/sys/net/ipv4/ip_unprivileged_port_start"
        try withNetwork("low") {
            let server = ["-u", "1000", "BusyBox", "httpd", "-f", "-p", "80", "-h", "/etc"]
            #expect(engine.run(["run", "-d", "--name", "server", "--network", "low"] + server).status == 0)
            #expect(engine.run("restart", "-t", "0", "server").status == 0)
            #expect(
                eventually {
                    engine.run("exec", "server", "wget", "-q", "-O", "-", "http://127.0.0.1/hostname").status == 0
                })
            let beside = engine.run("run", "--rm", "--network", "container:server", "BusyBox", "cat", path)
            #expect(beside.output == "0\n", "\(beside.errors)")
            engine.run("rm", "-f", "server")
            let sysctl = ["--sysctl", "net.ipv4.ip_unprivileged_port_start=99"]
            try engine.withContainer(["--name", "set", "--network", "low"] + sysctl) { _ in
                for _ in 0..<5 {
                    #expect(engine.run("exec", "set", "cat", path).output == "99\n")
                    #expect(engine.run("restart", "-t", "0", "set").status == 0)
                }
            }
        }
    }

    private func devices() -> String {
        do { return try network().run("ip -o link | grep cfsv").text } catch { return "\(error)" }
    }
}
