import CFSModel
import Testing

@testable import CFSCore

@Suite("What the kernel says, against what was asked")
struct KernelReadingTests {
    @Test("a line of mountinfo is read by its columns, and the last mount at a place counts")
    func mounts() {
        var reading = KernelReading()
        reading.add(mount: "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue")
        reading.add(mount: "37 35 0:5 / /mnt2 ro,nosuid - tmpfs tmpfs rw")
        #expect(reading.mounts["/mnt2"]?.type == "tmpfs")
        #expect(reading.mounts["/mnt2"]?.options == ["ro", "nosuid"])
    }

    @Test("limits are read with and without a unit")
    func limits() {
        let files = KernelReading.limit(
            "Max open files            1024                 524288               files     ")
        #expect(files?.name == "Max open files")
        #expect(files?.soft == "1024" && files?.hard == "524288")
        let priority = KernelReading.limit("Max nice priority         0                    unlimited            ")
        #expect(priority?.name == "Max nice priority")
        #expect(priority?.hard == "unlimited")
    }

    @Test(
        "a limit that is lower than what was asked says who lowered it",
        arguments: [
            ("1024", "524288", "20000", "1024:524288"),
            ("1024", "20000", "20000", "1024:524288 (lowered: the host allows 20000)"),
            ("100", "20000", "20000", "1024:524288 (lowered: the host allows 20000)"),
            ("1024", "4096", "20000", "1024:524288 (lowered by the container itself)"),
            ("100", "524288", "unlimited", "1024:524288 (lowered by the container itself)"),
        ])
    func lowered(soft: String, hard: String, host: String, asked: String) throws {
        let fact = try report {
            $0.limits[0] = (soft, hard, "Max open files")
            $0.monitorLimits = [("64", host, "Max open files")]
        }["RLIMIT_NOFILE"]
        #expect(fact?.asked == asked)
        #expect(fact?.actual == "\(soft):\(hard)")
        #expect(fact?.holds == true)
    }

    private func report(_ change: (inout KernelReading) -> Void) throws -> [String: IsolationFact] {
        let spec = try ContainerPlanTests.configuration()
        var reading = KernelReading()
        for kind in KernelReading.kinds {
            reading.namespaces[kind] = "\(kind):[2]"
            reading.ownNamespaces[kind] = "\(kind):[1]"
        }
        reading.uidMap = "0 1000000 65536"
        reading.status = [
            "CapBnd": "00000000800405fb", "CapEff": "0", "CapInh": "0", "CapAmb": "0", "NoNewPrivs": "1",
            "Seccomp": "2",
        ]
        for mount in spec.mounts {
            reading.mounts[mount.destination] = (mount.options, mount.type)
        }
        for path in spec.linux.maskedPaths + spec.linux.readonlyPaths { reading.mounts[path] = (["ro"], "tmpfs") }
        reading.limits = [("1024", "524288", "Max open files"), ("0", "0", "Max core file size")]
        change(&reading)
        let facts = IsolationReport(spec: spec, hasFilter: true, reading: reading).facts
        return Dictionary(facts.map { ($0.name, $0) }) { first, _ in first }
    }

    @Test("a kernel that agrees makes every fact hold")
    func good() throws {
        let facts = try report { _ in }
        #expect(facts.values.filter { !$0.holds }.map(\.name) == [])
    }

    @Test("each protection that the kernel does not confirm is told")
    func bad() throws {
        #expect(try report { $0.namespaces["net"] = "net:[1]" }["network namespace"]?.holds == false)
        #expect(try report { $0.uidMap = "0 0 4294967295" }["user ids"]?.holds == false)
        #expect(try report { $0.status["CapBnd"] = "000001ffffffffff" }["capabilities"]?.holds == false)
        #expect(try report { $0.status["CapInh"] = "1" }["inheritable"]?.holds == false)
        #expect(try report { $0.status["NoNewPrivs"] = "0" }["no_new_privs"]?.holds == false)
        #expect(try report { $0.status["Seccomp"] = "0" }["seccomp"]?.holds == false)
        #expect(try report { $0.mounts["/sys"] = (["rw"], "sysfs") }["/sys"]?.holds == false)
        #expect(try report { $0.mounts["/proc/sys"] = nil }["read-only paths"]?.holds == false)
        #expect(try report { $0.limits = [("1024", "unlimited", "Max open files")] }["RLIMIT_NOFILE"]?.holds == false)
    }
}
