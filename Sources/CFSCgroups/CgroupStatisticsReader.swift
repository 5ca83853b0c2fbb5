import CFSLinux
import CFSModel
import CLinux
import Glibc

/// Reads the statistics of one cgroup again and again: its files are opened once, and each reading is one pread(2) of
/// each. Safe to use from several threads.
///
/// It sees the files that were there when it was made; controllers handed down later need a new one. All parts are about
/// 17 files, and the kernel keeps a page for each that is open. A process that runs out of descriptors goes on: its
/// reader then opens the files each time, which costs three times the system calls.
public final class CgroupStatisticsReader: Sendable {
    /// What is read. `memory.stat` and the three files of pressure cost the kernel most; limits seldom change.
    public struct Parts: OptionSet, Sendable, Hashable {
        public let rawValue: Int
        public init(rawValue: Int) { self.rawValue = rawValue }
        public static let cpu = Parts(rawValue: 1)
        public static let memory = Parts(rawValue: 2)
        public static let io = Parts(rawValue: 4)
        public static let pids = Parts(rawValue: 8)
        public static let hugetlb = Parts(rawValue: 16)
        public static let pressure = Parts(rawValue: 32)
        /// `cpu.max`, `memory.max` and their like, beside the use that they limit.
        public static let limits = Parts(rawValue: 64)
        public static let all: Parts = [.cpu, .memory, .io, .pids, .hugetlb, .pressure, .limits]
    }

    private let cgroup: Cgroup
    private let files: [KernelFile]
    private let hugePages: [(pageSize: String, current: KernelFile, max: KernelFile)]

    private enum Place: Int, CaseIterable {
        case cpuStat, cpuMax, memoryCurrent, memoryPeak, memoryStat, memoryEvents, memoryMax, memoryHigh
        case swapCurrent, swapMax, ioStat, pidsCurrent, pidsMax, pidsEvents, cpuPressure, memoryPressure, ioPressure

        var name: String {
            switch self {
            case .cpuStat: "cpu.stat"
            case .cpuMax: "cpu.max"
            case .memoryCurrent: "memory.current"
            case .memoryPeak: "memory.peak"
            case .memoryStat: "memory.stat"
            case .memoryEvents: "memory.events"
            case .memoryMax: "memory.max"
            case .memoryHigh: "memory.high"
            case .swapCurrent: "memory.swap.current"
            case .swapMax: "memory.swap.max"
            case .ioStat: "io.stat"
            case .pidsCurrent: "pids.current"
            case .pidsMax: "pids.max"
            case .pidsEvents: "pids.events"
            case .cpuPressure: "cpu.pressure"
            case .memoryPressure: "memory.pressure"
            case .ioPressure: "io.pressure"
            }
        }

        var part: Parts {
            switch self {
            case .cpuStat: .cpu
            case .cpuMax: [.cpu, .limits]
            case .memoryCurrent, .memoryPeak, .memoryStat, .memoryEvents, .swapCurrent: .memory
            case .memoryMax, .memoryHigh, .swapMax: [.memory, .limits]
            case .ioStat: .io
            case .pidsCurrent, .pidsEvents: .pids
            case .pidsMax: [.pids, .limits]
            case .cpuPressure, .memoryPressure, .ioPressure: .pressure
            }
        }
    }

    /// - Parameter parts: what will be read.
    public init(_ cgroup: Cgroup, parts: Parts = .all) throws(CFSError) {
        self.cgroup = cgroup
        var files: [KernelFile] = []
        for place in Place.allCases {
            files.append(parts.isSuperset(of: place.part) ? try KernelFile(place.name, of: cgroup) : .none)
        }
        self.files = files
        var pages: [(pageSize: String, current: KernelFile, max: KernelFile)] = []
        if parts.contains(.hugetlb) {
            for name in try Directory.names(cgroup.descriptor).sorted() {
                let words = name.split(separator: ".")
                guard words.count == 3, words[0] == "hugetlb", words[2] == "current" else { continue }
                pages.append(
                    (
                        String(words[1]), try KernelFile(name, of: cgroup),
                        try KernelFile("hugetlb.\(words[1]).max", of: cgroup)
                    ))
            }
        }
        hugePages = pages
    }

    /// What the cgroup uses now; nil once it has been removed.
    ///
    /// - Parameter parts: of what the reader was made for, what is wanted this time.
    public func read(_ parts: Parts = .all) throws(CFSError) -> CgroupStatistics? {
        var text = KernelText(parts)
        defer { text.free() }
        var statistics = CgroupStatistics()
        do throws(CFSError) {
            statistics.cpu = try cpu(&text)
            statistics.memory = try memory(&text)
            statistics.io = try take(.ioStat, &text).map(CgroupStatistics.IOUse.list)
            statistics.pids = try pids(&text)
            statistics.hugetlb = try hugetlb(&text)
            statistics.cpuPressure = try take(.cpuPressure, &text).flatMap { CgroupStatistics.Pressure($0) }
            statistics.memoryPressure = try take(.memoryPressure, &text).flatMap { CgroupStatistics.Pressure($0) }
            statistics.ioPressure = try take(.ioPressure, &text).flatMap { CgroupStatistics.Pressure($0) }
        } catch {
            if error.errno == ENODEV { return nil }
            throw error
        }
        return statistics
    }

    /// The text of a file as it is now, valid until the next call; nil when the cgroup has no such file.
    private func take(_ place: Place, _ text: inout KernelText) throws(CFSError) -> UnsafeRawBufferPointer? {
        text.parts.isSuperset(of: place.part) ? try text.read(files[place.rawValue], cgroup) : nil
    }

    private func cpu(_ text: inout KernelText) throws(CFSError) -> CgroupStatistics.CPUUse? {
        guard let stat = try take(.cpuStat, &text) else { return nil }
        var use = CgroupStatistics.CPUUse(stat)
        use.quota = try take(.cpuMax, &text)?.quotaLimit
        return use
    }

    private func memory(_ text: inout KernelText) throws(CFSError) -> CgroupStatistics.MemoryUse? {
        guard let current = try take(.memoryCurrent, &text)?.onlyNumber else { return nil }
        var use = CgroupStatistics.MemoryUse()
        use.current = current
        use.peak = try take(.memoryPeak, &text)?.onlyNumber
        if let stat = try take(.memoryStat, &text) { use.take(stat) }
        use.swap = try take(.swapCurrent, &text)?.onlyNumber
        if let events = try take(.memoryEvents, &text) { use.events = MemoryEvents(events) }
        use.max = try take(.memoryMax, &text)?.byteLimit
        use.high = try take(.memoryHigh, &text)?.byteLimit
        use.swapMax = try take(.swapMax, &text)?.byteLimit
        return use
    }

    private func pids(_ text: inout KernelText) throws(CFSError) -> CgroupStatistics.PidsUse? {
        guard let current = try take(.pidsCurrent, &text)?.onlyNumber else { return nil }
        var use = CgroupStatistics.PidsUse()
        use.current = current
        use.max = try take(.pidsMax, &text)?.countLimit
        use.refused = try take(.pidsEvents, &text)?.value(ofLine: "max") ?? 0
        return use
    }

    private func hugetlb(_ text: inout KernelText) throws(CFSError) -> [CgroupStatistics.HugeTLBUse]? {
        if hugePages.isEmpty || !text.parts.contains(.hugetlb) { return nil }
        var list: [CgroupStatistics.HugeTLBUse] = []
        for page in hugePages {
            guard let current = try text.read(page.current, cgroup)?.onlyNumber else { continue }
            let max = text.parts.contains(.limits) ? try text.read(page.max, cgroup)?.byteLimit : nil
            list.append(CgroupStatistics.HugeTLBUse(pageSize: page.pageSize, current: current, max: max))
        }
        return list
    }
}
