import CFSCore
import OptionsSupport
import Testing

@testable import CFSOptions

@Suite("Values of limits")
struct LimitSyntaxTests {
    @Test(
        "a size is what people write, and -1 is no limit",
        arguments: [
            ("512m", 536_870_912), ("1.5g", 1_610_612_736), ("4096", 4096), ("64K", 65_536), ("-1", -1),
        ] as [(String, Int64)])
    func size(text: String, bytes: Int64) throws {
        #expect(try LimitSyntax.bytes(text, "--memory") == bytes)
    }

    @Test("a wrong size is named, with what is possible", arguments: ["", "x", "-2", "0", "4095", "9e9g", "16777216t"])
    func wrongSize(text: String) {
        let error = failure { () throws(CFSError) in try LimitSyntax.bytes(text, "--memory") }
        #expect(error?.message == "--memory does not take \"\(text)\"")
        #expect(error?.hint == "write a size of at least 4.0KiB, such as 512m or 1.5g, or -1 for no limit")
    }

    @Test("a number lies in its range, which the error says", arguments: ["", "1", "+5", "11", "-1", "5.0", "5k", "٥"])
    func wrongNumber(text: String) throws {
        #expect(try LimitSyntax.number("5", "--x", 2...10) == 5)
        let error = failure { () throws(CFSError) in try LimitSyntax.number(text, "--x", 2...10, unit: "shares") }
        #expect(error?.message == "--x does not take \"\(text)\"")
        #expect(error?.hint == "write a number of shares from 2 to 10")
        #expect(error?.code == .invalidArgument && error?.phase == .parsing)
    }

    @Test("-1 is no limit only where there can be none")
    func endless() throws {
        #expect(try LimitSyntax.number("-1", "--x", 2...10, isEndless: true) == -1)
        let error = failure { () throws(CFSError) in try LimitSyntax.number("-2", "--x", 2...10, isEndless: true) }
        #expect(error?.hint == "write a number from 2 to 10, or -1 for no limit")
    }
}

@Suite("Processors")
struct ProcessorSyntaxTests {
    @Test(
        "a number of processors is a quota in a period",
        arguments: [("0.5", 50_000), ("4", 400_000), ("0.01", 1000), ("-1", -1)] as [(String, Int64)])
    func cpus(text: String, quota: Int64) throws {
        let read = try ProcessorSyntax.cpus(text, .sample)
        #expect(read.quota == quota && read.period == 100_000)
    }

    @Test(
        "more than the machine has, or less than the kernel takes, is an error", arguments: ["4.01", "0.001", "x", ""])
    func wrong(text: String) {
        let error = failure { () throws(CFSError) in try ProcessorSyntax.cpus(text, .sample).quota }
        #expect(error?.message == "--cpus does not take \"\(text)\"")
        #expect(error?.hint?.contains("from 0.01 to 4, which is what this machine has") == true)
    }

    @Test("a list takes the kernel's form")
    func list() throws {
        #expect(try ProcessorSyntax.list("3,0-1,2", "--cpuset-cpus") == "0-3")
        for text in ["", "a", "3-1", "1,,2"] {
            let error = failure { () throws(CFSError) in try ProcessorSyntax.list(text, "--cpuset-cpus") }
            #expect(error?.message == "--cpuset-cpus does not take \"\(text)\"")
        }
    }
}

@Suite("Rates of disks")
struct DiskRateSyntaxTests {
    private func rate(
        _ text: String, _ unit: DiskRateSyntax.Unit = .bytes
    ) throws(CFSError) -> RuntimeSpec.ThrottleDevice {
        try DiskRateSyntax.rate(text, "--device-read-bps", unit, .sample, .sample)
    }

    @Test("a disk and its rate, in bytes or in operations")
    func read() throws {
        #expect(try rate("/dev/sda:10mb") == RuntimeSpec.ThrottleDevice(major: 8, minor: 0, rate: 10 << 20))
        #expect(try rate("/dev/sda1:1000", .operations).rate == 1000)
        #expect(try rate("./data:1k").rate == 1024)
    }

    @Test("-1 lifts a limit")
    func unlimited() throws { #expect(try rate("/dev/sda:-1").rate == 0) }

    @Test("what is no rate is named", arguments: ["/dev/sda", "/dev/sda:", ":10mb", "/dev/sda:0", "/dev/sda:-5", ""])
    func wrong(text: String) {
        let error = failure { () throws(CFSError) in try rate(text) }
        #expect(error?.message == "--device-read-bps does not take \"\(text)\"")
        #expect(error?.hint == "write a disk and bytes a second: /dev/sda:10mb, or -1 for no limit")
    }

    @Test("operations are whole numbers without a unit")
    func operations() {
        let error = failure { () throws(CFSError) in try rate("/dev/sda:1k", .operations) }
        #expect(error?.hint == "write a disk and operations a second: /dev/sda:1000, or -1 for no limit")
    }

    @Test("a disk that is not there is named with the flag, and those that are")
    func missing() {
        let error = failure { () throws(CFSError) in try rate("/dev/sdz:1m") }
        #expect(error?.message == "--device-read-bps: there is no device /dev/sdz")
        #expect(error?.hint == "disks of this machine: /dev/sda")
        var bare = HostFacts.sample
        bare.disks = { [] }
        let none = failure { () throws(CFSError) in
            try DiskRateSyntax.rate("/x:1m", "--device-read-bps", .bytes, .sample, bare)
        }
        #expect(none?.hint == "this machine has no disk")
    }
}

@Suite("Huge pages")
struct HugePageSyntaxTests {
    @Test(
        "the size of a page is written as the kernel does",
        arguments: [
            ("2MB=64m", "2MB", 64 << 20), ("2m=0", "2MB", 0), ("1GiB=1g", "1GB", 1 << 30), ("2MB=-1", "2MB", .max),
        ] as [(String, String, UInt64)])
    func limit(text: String, size: String, limit: UInt64) throws {
        #expect(try HugePageSyntax.limit(text, .sample) == RuntimeSpec.HugepageLimit(pageSize: size, limit: limit))
    }

    @Test("what is no limit is named", arguments: ["", "2MB", "2MB=", "=2m", "2MB=x", "2MB=2m=3m", "1=1"])
    func wrong(text: String) {
        let error = failure { () throws(CFSError) in try HugePageSyntax.limit(text, .sample) }
        #expect(error?.message == "--hugetlb does not take \"\(text)\"")
    }

    @Test("a limit below one page is none, and an error")
    func tooSmall() {
        let error = failure { () throws(CFSError) in try HugePageSyntax.limit("2MB=1m", .sample) }
        #expect(error?.hint == "one page is 2MB: write that or more, or 0 for none of them")
    }

    @Test("a size that the machine does not have is named with those that it has")
    func missing() {
        let error = failure { () throws(CFSError) in try HugePageSyntax.limit("64KB=64k", .sample) }
        #expect(error?.message == "--hugetlb 64KB=64k: this machine has no huge pages of 64KB")
        #expect(error?.hint == "it has 2MB, 1GB")
    }
}

@Suite("Files of cgroup v2")
struct CgroupConfSyntaxTests {
    private func files(_ texts: String...) throws(CFSError) -> [RuntimeSpec.UnifiedFile] {
        var resources = RuntimeSpec.Resources()
        resources.unified = [RuntimeSpec.UnifiedFile("memory.high", "1")]
        try CgroupConfSyntax.add(texts, to: &resources)
        return Array(resources.unified.dropFirst())
    }

    @Test("a value is taken as it stands, and a file with keys gets one after the other")
    func add() throws {
        let read = try files("io.max=8:0 rbps=1048576", "memory.low=5M", "io.max=8:16 riops=5")
        #expect(
            read == [
                RuntimeSpec.UnifiedFile("io.max", "8:0 rbps=1048576\n8:16 riops=5"),
                RuntimeSpec.UnifiedFile("memory.low", "5M"),
            ])
    }

    @Test("what is no file with a value is named", arguments: ["", "memory.low", "memory.low=", "=5"])
    func wrong(text: String) {
        let error = failure { () throws(CFSError) in try files(text) }
        #expect(error?.message == "--cgroup-conf does not take \"\(text)\"")
    }

    @Test("a file that a flag has set is not set twice")
    func twice() {
        let error = failure { () throws(CFSError) in try files("memory.high=5") }
        #expect(error?.message == "--cgroup-conf memory.high and --memory-high exclude each other")
    }
}

@Suite("Rules for devices")
struct DeviceRuleSyntaxTests {
    @Test("type, numbers and access")
    func rule() throws {
        #expect(
            try DeviceRuleSyntax.rule("c 1:3 mr")
                == RuntimeSpec.DeviceRule(allow: true, type: "c", major: 1, minor: 3, access: "rm"))
        #expect(
            try DeviceRuleSyntax.rule("b 8:* r")
                == RuntimeSpec.DeviceRule(allow: true, type: "b", major: 8, minor: nil, access: "r"))
        #expect(try DeviceRuleSyntax.rule("a *:* rwm").type == "a")
    }

    @Test(
        "what is no rule is named", arguments: ["", "c 1:3", "x 1:3 r", "c 1 r", "c 1:3 rx", "c -1:3 r", "c 5000:3 r"])
    func wrong(text: String) {
        let error = failure { () throws(CFSError) in try DeviceRuleSyntax.rule(text) }
        #expect(error?.message == "--device-cgroup-rule does not take \"\(text)\"")
        #expect(error?.hint?.contains("c 1:3 rwm") == true)
    }
}
