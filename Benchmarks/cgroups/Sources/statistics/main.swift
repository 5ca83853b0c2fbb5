import CFSCgroups
import CFSLinux
import CFSModel
import Glibc

// What reading the statistics of many cgroups costs, in processor time of this process:
//
//     statistics [COUNT] [--played FOLDER]
//
// It makes COUNT cgroups (1000), each with one process and with limits of every controller that is on cgroup v2 here,
// reads them all twenty times, and removes them. With --played the cgroups are folders of plain files such as a pure
// cgroup v2 has, which shows the cost of opening, reading and parsing where the controllers themselves are not.

/// RLIMIT_NOFILE (getrlimit(2)).
private let openFiles: Int32 = 7

private func processorTime() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) * 1e3 + Double(time.tv_nsec) / 1e6
}

private func write(_ text: String, to path: String) {
    let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard file >= 0 else { return }
    _ = Glibc.write(file, text, text.utf8.count)
    close(file)
}

/// What an idle but used container's files say on Linux 6.
private let played: [(String, String)] = [
    (
        "cpu.stat",
        "usage_usec 123456789\nuser_usec 100000000\nsystem_usec 23456789\ncore_sched.force_idle_usec 0\n"
            + "nr_periods 12345\nnr_throttled 678\nthrottled_usec 9876543\nnr_bursts 0\nburst_usec 0\n"
    ),
    ("cpu.max", "50000 100000\n"), ("memory.current", "123456789\n"), ("memory.peak", "223456789\n"),
    (
        "memory.stat",
        (0..<50).map { "counter_number_\($0) \($0 * 1_234_567)\n" }.joined()
            + "anon 100000000\nfile 20000000\nkernel 3456789\ninactive_file 10000000\n"
    ),
    ("memory.events", "low 0\nhigh 12\nmax 34\noom 1\noom_kill 1\noom_group_kill 0\n"), ("memory.max", "268435456\n"),
    ("memory.high", "max\n"), ("memory.swap.current", "0\n"), ("memory.swap.max", "max\n"),
    ("io.stat", "254:0 rbytes=12345678 wbytes=87654321 rios=1234 wios=4321 dbytes=0 dios=0\n"),
    ("pids.current", "12\n"), ("pids.max", "4096\n"), ("pids.events", "max 0\n"),
    (
        "cpu.pressure",
        "some avg10=0.12 avg60=0.34 avg300=0.56 total=1234567\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"
    ),
    (
        "memory.pressure",
        "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"
    ),
    ("io.pressure", "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n"),
]

private func limits(_ controllers: [String]) throws(CFSError) -> CgroupLimits {
    var limits = CgroupLimits()
    if controllers.contains("cpu") { limits.cpu.quota = .at(try CPUQuota("0.5")) }
    if controllers.contains("memory") { limits.memory.max = .at(try ByteCount("256m")) }
    if controllers.contains("pids") { limits.pids = .at(4096) }
    if controllers.contains("io") {
        limits.unified = [try UnifiedSetting("io.max", "\(try DeviceNumber.disk(of: "/")) rbps=max")]
    }
    if controllers.contains("hugetlb") { limits.hugetlb = [try HugeTLBLimit(pageSize: "2MB", limit: .unlimited)] }
    return limits
}

private func line(_ what: String, _ milliseconds: Double, _ count: Int) {
    let hundredths = Int(milliseconds * 100)
    let each = Int(milliseconds * 1e5 / Double(count))
    print(
        "\(what): \(hundredths / 100).\(hundredths % 100 / 10)\(hundredths % 10) ms, \(each / 100).\(each % 100 / 10)\(each % 10) us each"
    )
}

private func run(_ count: Int, _ folder: String?) throws(CFSError) {
    var files = rlimit()
    _ = getrlimit(openFiles, &files)
    for wanted in [rlim_t(64 * count + 100), files.rlim_max] {
        var limit = rlimit(rlim_cur: min(wanted, max(wanted, files.rlim_max)), rlim_max: max(wanted, files.rlim_max))
        if setrlimit(openFiles, &limit) == 0 { break }
    }
    let hierarchy: CgroupHierarchy
    var settings = CgroupSettings()
    if let folder {
        hierarchy = CgroupHierarchy(mountPoint: folder, folder: "\(folder)/bench")
        write("\n", to: "\(folder)/cgroup.controllers")
    } else {
        guard let found = try CgroupHierarchy.find(name: "cfs-bench-\(getpid())") else {
            print("this machine has no cgroup v2")
            return
        }
        hierarchy = found
        settings = try CgroupSettings(try limits(try hierarchy.controllers()))
    }
    var cgroups: [Cgroup] = []
    var begin = processorTime()
    for index in 0..<count { cgroups.append(try hierarchy.create("\(index)", settings: settings)) }
    line("making and limiting \(count)", processorTime() - begin, count)
    for cgroup in cgroups {
        if folder != nil {
            for (name, text) in played { write(text, to: "\(cgroup.path)/\(name)") }
        } else {
            let pid = spawnSleeper()
            try cgroup.attach(pid)
        }
    }
    begin = processorTime()
    var readers: [CgroupStatisticsReader] = []
    for cgroup in cgroups { readers.append(try CgroupStatisticsReader(cgroup)) }
    line("opening \(count)", processorTime() - begin, count)
    for (what, parts) in [("all", .all), ("use", [.cpu, .memory, .io, .pids])]
        as [(String, CgroupStatisticsReader.Parts)]
    {
        var rounds: [Double] = []
        for _ in 0..<20 {
            begin = processorTime()
            for reader in readers { _ = try reader.read(parts) }
            rounds.append(processorTime() - begin)
        }
        rounds.sort()
        line("reading \(what) of \(count), least of 20", rounds[0], count)
        line("reading \(what) of \(count), median of 20", rounds[10], count)
    }
    begin = processorTime()
    if folder == nil {
        for cgroup in cgroups { try cgroup.remove() }
        line("ending and removing \(count)", processorTime() - begin, count)
        try hierarchy.removeFolderIfEmpty()
    }
}

/// A process of the smallest kind; killed with its cgroup, and reaped by nobody but the end of this one.
private func spawnSleeper() -> pid_t {
    var pid = pid_t()
    var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("sleep"), strdup("1000"), nil]
    _ = posix_spawn(&pid, "/bin/sleep", nil, nil, &arguments, environ)
    for argument in arguments { free(argument) }
    return pid
}

let words = ProcessArguments.words
do {
    let folder = words.firstIndex(of: "--played").map { words[min($0 + 1, words.count - 1)] }
    try run(words.first.flatMap { Int($0) } ?? 1000, folder)
} catch {
    print("statistics: \(error)")
    exit(1)
}
