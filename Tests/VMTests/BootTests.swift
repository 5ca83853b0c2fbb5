import EngineSupport
import TestSupport
import Testing

@Suite("The virtual machine", .needsMachine, .engine)
struct BootTests: EngineSuite {
    @Test("it has a pure cgroup v2 with every controller that a limit needs")
    func controllers() throws {
        let text = try #require(textOfFile("/sys/fs/cgroup/cgroup.controllers"))
        let controllers = Set(text.split(whereSeparator: \.isWhitespace))
        #expect(controllers.isSuperset(of: ["cpuset", "cpu", "io", "memory", "hugetlb", "pids"]))
        let mounts = try #require(textOfFile("/proc/mounts")).split(separator: "\n")
        #expect(!mounts.contains { $0.split(separator: " ")[2] == "cgroup" }, "a controller may be bound to cgroup v1")
    }

    @Test("it has a second disk on which limits of input and output can be measured")
    func secondDisk() throws {
        let mounts = try #require(textOfFile("/proc/mounts")).split(separator: "\n")
        #expect(mounts.contains { $0.hasPrefix("/dev/vdb /data ext4 rw") })
        let numbers = try #require(textOfFile("/sys/block/vdb/dev"))
        let written = engine.host("dd if=/dev/zero of=/data/boot bs=1M count=2 oflag=direct && rm /data/boot")
        #expect(written.status == 0, "\(written.errors)")
        let statistics = try #require(textOfFile("/sys/fs/cgroup/io.stat"))
        #expect(statistics.contains(numbers.split(separator: "\n")[0]), "\(statistics)")
    }

    @Test("its kernel has what networks and layers are made of")
    func modules() {
        let script = """
            set -e
            ip link add name br-boot type bridge
            ip link add boot0 type veth peer name boot1
            ip link set boot0 master br-boot
            ip link del boot0
            ip link del br-boot
            grep -w overlay /proc/filesystems
            grep -w nf_tables /proc/modules
            """
        let made = engine.host(script)
        #expect(made.status == 0, "\(made.errors)")
    }

    @Test("containers run there: TinyCore lists its root, and a command's status is that of cfs")
    func containers() throws {
        let listed = engine.run("run", "--rm", "TinyCore", "ls")
        #expect(listed.status == 0, "\(listed.errors)")
        #expect(Set(listed.lines).isSuperset(of: ["bin", "etc", "opt", "usr"]))
        #expect(engine.run("run", "--rm", "BusyBox", "true").status == 0)
        #expect(engine.inside("exit 41").status == 41)
    }

    @Test("a container's cgroup has every controller, and its process limit is in force")
    func containerCgroup() throws {
        try engine.withContainer { id in
            let path = try #require(textOfFile("/proc/\(try engine.pid(id))/cgroup"))
            #expect(path.hasPrefix("0::/cfs"), "\(path)")
            let folder = "/sys/fs/cgroup" + path.dropFirst(3).split(separator: "\n")[0]
            #expect(textOfFile("\(folder)/pids.max") == "4096\n")
        }
    }

    @Test("cfs doctor misses nothing there")
    func doctor() throws {
        let diagnosis = engine.run("doctor")
        #expect(diagnosis.status == 0, "\(diagnosis.output)")
        #expect(!diagnosis.output.contains("missing"), "\(diagnosis.output)")
        #expect(diagnosis.lines.contains { $0.hasPrefix("cgroup v2") && $0.hasSuffix("/sys/fs/cgroup") })
        let info = try engine.json("info", "--format", "json")
        #expect(Set(info["Cgroup"]["Controllers"].texts).isSuperset(of: ["cpu", "io", "memory", "pids"]))
    }
}
