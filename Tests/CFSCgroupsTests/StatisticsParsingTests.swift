import CFSModel
import Testing

@testable import CFSCgroups

@Suite("What the kernel writes of a cgroup's use")
struct StatisticsParsingTests {
    private func parse<Value>(_ text: String, _ read: (UnsafeRawBufferPointer) -> Value) -> Value {
        Array(text.utf8).withUnsafeBytes(read)
    }

    @Test("processor time, with throttling where the controller is there")
    func cpu() {
        let text = """
            usage_usec 3000
            user_usec 2000
            system_usec 1000
            core_sched.force_idle_usec 7
            nr_periods 10
            nr_throttled 4
            throttled_usec 123456789012
            nr_bursts 0
            burst_usec 0

            """
        let use = parse(text) { CgroupStatistics.CPUUse($0) }
        #expect([use.usage, use.user, use.system] == [3000, 2000, 1000])
        #expect(use.throttling?.periods == 10)
        #expect(use.throttling?.throttledPeriods == 4)
        #expect(use.throttling?.throttledTime == 123_456_789_012)
        let plain = parse("usage_usec 1\nuser_usec 1\nsystem_usec 0\n") { CgroupStatistics.CPUUse($0) }
        #expect(plain.throttling == nil)
    }

    @Test("memory by kind; an older kernel does not tell its own")
    func memory() {
        var use = CgroupStatistics.MemoryUse()
        parse("anon 4096\nfile 8192\nkernel 100\nkernel_stack 5\ninactive_anon 6\ninactive_file 4000\nactive_file 9\n")
        {
            use.take($0)
        }
        #expect([use.anonymous, use.file, use.kernel, use.inactiveFile] == [4096, 8192, 100, 4000])
        use.current = 5000
        #expect(use.workingSet == 1000)
        use.current = 3000
        #expect(use.workingSet == 0)
        var older = CgroupStatistics.MemoryUse()
        parse("anon 1\nfile 2\nkernel_stack 3\n") { older.take($0) }
        #expect(older.kernel == nil)
    }

    @Test("each disk is one line; one that did nothing is left out, and other counters are passed over")
    func io() {
        let list = parse("8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n252:16\n9:1 rbytes=7 cost.usage=3\n") {
            CgroupStatistics.IOUse.list($0)
        }
        #expect(list.map { "\($0.device)" } == ["8:0", "9:1"])
        #expect(
            [list[0].readBytes, list[0].writtenBytes, list[0].readOperations, list[0].writeOperations] == [1, 2, 3, 4])
        #expect(list[1].readBytes == 7)
        #expect(parse("") { CgroupStatistics.IOUse.list($0) } == [])
    }

    @Test("pressure is shares of time and a total")
    func pressure() {
        let text =
            "some avg10=1.50 avg60=0.05 avg300=100.00 total=123\nfull avg10=0.25 avg60=0.00 avg300=0.00 total=9\n"
        let pressure = parse(text) { CgroupStatistics.Pressure($0) }
        #expect(pressure?.some.average10 == 1.5)
        #expect(pressure?.some.average60 == 0.05)
        #expect(pressure?.some.average300 == 100)
        #expect(pressure?.some.total == 123)
        #expect(pressure?.full?.average10 == 0.25)
        #expect(pressure?.full?.total == 9)
        #expect(
            parse("some avg10=0.00 avg60=0.00 avg300=0.00 total=0\n") { CgroupStatistics.Pressure($0) }?.full == nil)
        #expect(parse("") { CgroupStatistics.Pressure($0) } == nil)
    }

    @Test("limits are numbers or max")
    func limits() throws {
        #expect(parse("max\n") { $0.byteLimit } == .unlimited)
        #expect(parse("4096\n") { $0.byteLimit } == .at(ByteCount(4096)))
        #expect(parse("max\n") { $0.countLimit } == .unlimited)
        #expect(parse("-1\n") { $0.countLimit } == nil)
        #expect(parse("max 100000\n") { $0.quotaLimit } == .unlimited)
        #expect(parse("50000 100000\n") { $0.quotaLimit } == .at(try CPUQuota("0.5")))
        #expect(parse("") { $0.quotaLimit } == nil)
    }

    @Test("lines of another form are passed over, and numbers that are too large are none")
    func odd() {
        let events = parse("low\nhigh x\nmax 18446744073709551616\n\noom 18446744073709551615\n oom_kill  3 \n") {
            MemoryEvents($0)
        }
        #expect([events.low, events.high, events.max, events.oom, events.oomKill] == [0, 0, 0, .max, 3])
    }
}
