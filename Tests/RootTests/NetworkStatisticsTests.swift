import EngineSupport
import TestSupport
import Testing

/// With a network namespace of the suite's own in the place of the host's; one after the other: some look at all containers.
@Suite("What goes through a container's network", .needsHost, .engineWithNetwork, .serialized)
struct NetworkStatisticsTests: EngineSuite {
    private func network() throws -> HostNetwork { try #require(engine.network) }

    /// A web server with a file of 300,000 bytes.
    private static let server = [
        "sh", "-c", "mkdir -p /srv/www && head -c 300000 /dev/zero > /srv/www/big && exec httpd -f -p 80 -h /srv/www",
    ]

    private func reading(_ container: String) throws -> JSONValue {
        try engine.json("stats", "--no-stream", "--format", "json", container)[0]
    }

    /// A cell of a container's row, by the title of its column.
    private func cell(_ container: String, _ title: String) throws -> String {
        let lines = engine.run("stats", "--no-stream", container).lines
        try #require(lines.count == 2, "\(lines)")
        let start = try #require(lines[0].firstRange(of: title)).lowerBound
        let rest = lines[1].dropFirst(lines[0].distance(from: lines[0].startIndex, to: start))
        // Columns are parted by three spaces; within a cell there is one.
        return String(rest[..<(rest.firstRange(of: "  ")?.lowerBound ?? rest.endIndex)])
    }

    /// The host fetches the file of the web server.
    private func fetch(_ container: String, _ name: String) throws {
        let host = try network()
        let address = try #require(
            try engine.inspect(container)["NetworkSettings"]["Networks"][name]["IPAddress"].text)
        let script = "timeout 20 busybox wget -q -O /dev/null http://\(address)/big"
        try #require(eventually { host.run(script).status == 0 })
    }

    /// What the container itself says of its device.
    private func inside(_ container: String, _ counter: String) throws -> Double {
        let text = engine.run("exec", container, "cat", "/sys/class/net/eth0/statistics/\(counter)").text
        return try #require(Double(text), "\(text)")
    }

    @Test("bytes and packets are those that the container itself counts, each in its own direction")
    func counted() throws {
        try withNetwork("meter") {
            try engine.withContainer(["--name", "meter", "--network", "meter"], Self.server) { _ in
                try fetch("meter", "meter")
                let counters = ["rx_bytes", "rx_packets", "tx_bytes", "tx_packets"]
                let before = try counters.map { try inside("meter", $0) }
                let devices = try reading("meter")["Networks"]
                let after = try counters.map { try inside("meter", $0) }
                try #require(devices.array.count == 1, "\(devices)")
                let device = devices[0]
                #expect(device["Interface"].text == "eth0" && device["Network"].text == "meter")
                let told = [
                    device["Received"]["Bytes"], device["Received"]["Packets"], device["Sent"]["Bytes"],
                    device["Sent"]["Packets"],
                ].map { $0.number ?? -1 }
                for (place, counter) in counters.enumerated() {
                    #expect(before[place] <= told[place] && told[place] <= after[place], "\(counter): \(device)")
                }
                // The file went out, and questions came in.
                #expect(told[2] > 300_000 && told[0] > 0 && told[0] < 150_000, "\(device)")
                #expect(device["Sent"]["Errors"].number == 0 && device["Received"]["Dropped"].number == 0)
                #expect(device["Sent"]["Limit"] == .null && device["Received"]["Limit"] == .null)
                let shown = try cell("meter", "NET I/O")
                #expect(shown.contains(" / ") && shown.hasSuffix("KiB"), "\(shown)")
            }
        }
    }

    @Test("a rate is told as the kernel keeps it, with what had to wait and what found no room")
    func limits() throws {
        try withNetwork("slow") {
            let options = [
                "--name", "slow", "--network", "slow", "--network-rate", "8mbit", "--network-ingress-rate", "4mbit",
            ]
            try engine.withContainer(options, Self.server) { id in
                try fetch("slow", "slow")
                let device = try reading("slow")["Networks"][0]
                #expect(device["Sent"]["Limit"]["BitsPerSecond"].number == 8_000_000, "\(device)")
                #expect(device["Received"]["Limit"]["BitsPerSecond"].number == 4_000_000, "\(device)")
                #expect(try #require(device["Sent"]["Limit"]["Delayed"].number) > 0, "\(device)")
                let pid = try engine.pid(id)
                let queue = try network().run("nsenter --net=/proc/\(pid)/ns/net tc -s -j qdisc show dev eth0")
                let dropped = try JSONValue(parsing: queue.bytes)[0]["drops"].number
                #expect(device["Sent"]["Limit"]["Dropped"].number == dropped, "\(queue.output)")
            }
        }
    }

    @Test("none has nothing, the host's network is not its own, and who shares a network has the owner's numbers")
    func others() throws {
        try withNetwork("shared") {
            try engine.withContainer(["--name", "owner", "--network", "shared"], Self.server) { _ in
                try fetch("owner", "shared")
                try engine.withContainer(["--name", "sharer", "--network", "container:owner"]) { _ in
                    let device = try reading("sharer")["Networks"][0]
                    #expect(device["Interface"].text == "eth0" && device["Network"].text == "shared")
                    #expect(try #require(device["Sent"]["Bytes"].number) > 300_000, "\(device)")
                }
            }
        }
        try engine.withContainer(["--name", "lonely", "--network", "none"]) { _ in
            let (devices, shown) = (try reading("lonely")["Networks"], try cell("lonely", "NET I/O"))
            #expect(devices == .array([]) && shown == "0B / 0B", "\(devices) \(shown)")
        }
        try engine.withContainer(["--name", "open", "--network", "host"]) { _ in
            let (devices, shown) = (try reading("open")["Networks"], try cell("open", "NET I/O"))
            #expect(devices == .null && shown == "-", "\(devices) \(shown)")
        }
    }

    @Test("a stream of readings follows a container that joins a network, leaves it and starts again")
    func changes() throws {
        try withNetwork("first") {
            try withNetwork("second") {
                try engine.withContainer(["--name", "mover", "--network", "first"], Self.server) { _ in
                    let stream = engine.start(["stats", "--format", "json", "--interval", "0.1"])
                    defer {
                        stream.signal(15)
                        _ = stream.finish()
                    }
                    func latest() throws -> JSONValue {
                        let line = stream.outputSoFar.split(separator: "\n").dropLast().last ?? "[]"
                        return try JSONValue(parsing: Array(line.utf8))[0]["Networks"]
                    }
                    func becomes(_ names: [String], _ isRight: (JSONValue) -> Bool = { _ in true }) -> Bool {
                        eventually {
                            _ = stream.waitForOutput("no such text", seconds: 0.2)
                            do {
                                let devices = try latest()
                                return devices.array.compactMap { $0["Network"].text } == names && isRight(devices)
                            } catch {
                                return false
                            }
                        }
                    }
                    #expect(becomes(["first"]))
                    try #require(engine.run("network", "connect", "second", "mover").status == 0)
                    #expect(becomes(["first", "second"]) { $0[1]["Interface"].text == "eth1" })
                    try fetch("mover", "second")
                    #expect(becomes(["first", "second"]) { $0[1]["Sent"]["Bytes"].number ?? 0 > 300_000 })
                    try #require(engine.run("network", "disconnect", "first", "mover").status == 0)
                    #expect(becomes(["second"]))
                    try #require(engine.run("restart", "-t", "0", "mover").status == 0)
                    // The devices are new, and so are their numbers.
                    #expect(becomes(["second"]) { $0[0]["Sent"]["Bytes"].number ?? .infinity < 300_000 })
                }
            }
        }
    }

    @Test("a device that has no end on the host is counted inside", arguments: ["macvlan", "ipvlan"])
    func outside(driver: String) throws {
        let host = try network()
        // A pair has a carrier, which a bridge without ports has not.
        host.run(
            "ip link add par-\(driver) type veth peer name far-\(driver) && ip link set par-\(driver) up && "
                + "ip link set far-\(driver) up")
        defer { host.run("ip link del par-\(driver)") }
        // A kernel may lack the kind.
        guard host.run("ip link add probe link par-\(driver) type \(driver) && ip link del probe").status == 0 else {
            return
        }
        let subnet = driver == "macvlan" ? "10.211.2.0/24" : "10.211.3.0/24"
        try withNetwork("lan", ["--driver", driver, "--opt", "parent=par-\(driver)", "--subnet", subnet]) {
            try engine.withContainer(["--name", "out", "--network", "lan", "--network-rate", "8mbit"]) { _ in
                // Nobody has that address: questions for it go out, and nothing comes.
                engine.run("exec", "out", "nc", "-w", "2", subnet.replacing("0/24", with: "77"), "80")
                let device = try reading("out")["Networks"][0]
                #expect(device["Interface"].text == "eth0" && device["Network"].text == "lan", "\(device)")
                #expect(try #require(device["Sent"]["Packets"].number) > 0, "\(device)")
                #expect(device["Sent"]["Limit"]["BitsPerSecond"].number == 8_000_000, "\(device)")
                #expect(device["Received"]["Limit"] == .null)
            }
        }
    }

    @Test("the daemon tells the same: of one container, of all, and to Prometheus")
    func daemon() throws {
        try withNetwork("told") {
            try engine.withContainer(["--name", "told", "--network", "told"], Self.server) { id in
                try fetch("told", "told")
                let daemon = try DaemonFixture(engine)
                let device = daemon.get("/containers/told/stats").json["networks"][0]
                #expect(device["interface"].text == "eth0" && device["network"].text == "told", "\(device)")
                #expect(try #require(device["sent"]["bytes"].number) > 300_000, "\(device)")
                #expect(device["received"]["dropped"].number == 0 && device["sent"]["errors"].number == 0)
                let all = daemon.get("/stats").json["containers"].array
                #expect(all.first { $0["id"].text == id }?["networks"][0]["interface"].text == "eth0")
                let labels = #"{id="\#(id)",name="told",interface="eth0",network="told",direction="sent"} "#
                let line = daemon.get("/metrics").text.split(separator: "\n").first {
                    $0.hasPrefix("cfs_container_network_bytes_total\(labels)")
                }
                let value = try #require(line.flatMap { Double($0.split(separator: " ").last ?? "") })
                #expect(value > 300_000)
            }
        }
    }
}
