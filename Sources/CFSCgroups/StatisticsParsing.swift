import CFSModel

// What the kernel writes, read in place (cgroup-v2.rst; Documentation/accounting/psi.rst).

extension CgroupStatistics.CPUUse {
    init(_ text: UnsafeRawBufferPointer) {
        self.init()
        var lines = KeyedLines(text)
        var found = CgroupStatistics.Throttling()
        var hasThrottling = false
        while let line = lines.next() {
            if line.hasKey("usage_usec") {
                usage = line.value
            } else if line.hasKey("user_usec") {
                user = line.value
            } else if line.hasKey("system_usec") {
                system = line.value
            } else if line.hasKey("nr_periods") {
                found.periods = line.value
                hasThrottling = true
            } else if line.hasKey("nr_throttled") {
                found.throttledPeriods = line.value
            } else if line.hasKey("throttled_usec") {
                found.throttledTime = line.value
            }
        }
        if hasThrottling { throttling = found }
    }
}

extension CgroupStatistics.MemoryUse {
    /// Takes what is wanted of `memory.stat`.
    mutating func take(_ text: UnsafeRawBufferPointer) {
        var lines = KeyedLines(text)
        var left = 4
        while left > 0, let line = lines.next() {
            left -= 1
            if line.hasKey("anon") {
                anonymous = line.value
            } else if line.hasKey("file") {
                file = line.value
            } else if line.hasKey("kernel") {
                kernel = line.value
            } else if line.hasKey("inactive_file") {
                inactiveFile = line.value
            } else {
                left += 1
            }
        }
    }
}

extension CgroupStatistics.IOUse {
    /// One line of `io.stat`: `8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6`; nil for a disk that did nothing.
    init?(_ line: UnsafeRawBufferPointer) {
        var words = Words(line)
        guard let first = words.next(), let colon = first.firstIndex(of: 0x3a),
            let major = UnsafeRawBufferPointer(rebasing: first[..<colon]).number,
            let minor = UnsafeRawBufferPointer(rebasing: first[(colon + 1)...]).number,
            let device = DeviceNumber(major: Int64(clamping: major), minor: Int64(clamping: minor))
        else { return nil }
        self.init(device: device)
        var hasAny = false
        while let word = words.next() {
            if let value = word.value(of: "rbytes")?.number {
                readBytes = value
            } else if let value = word.value(of: "wbytes")?.number {
                writtenBytes = value
            } else if let value = word.value(of: "rios")?.number {
                readOperations = value
            } else if let value = word.value(of: "wios")?.number {
                writeOperations = value
            } else {
                continue
            }
            hasAny = true
        }
        if !hasAny { return nil }
    }

    static func list(_ text: UnsafeRawBufferPointer) -> [CgroupStatistics.IOUse] {
        var rest = text
        var list: [CgroupStatistics.IOUse] = []
        while !rest.isEmpty {
            if let entry = CgroupStatistics.IOUse(KeyedLines.takeLine(&rest)) { list.append(entry) }
        }
        return list
    }
}

extension CgroupStatistics.Pressure {
    /// `some avg10=0.00 avg60=0.00 avg300=0.00 total=0`, and a line that begins with `full`.
    init?(_ text: UnsafeRawBufferPointer) {
        self.init()
        var rest = text
        var hasSome = false
        while !rest.isEmpty {
            var words = Words(KeyedLines.takeLine(&rest))
            guard let kind = words.next() else { continue }
            var share = CgroupStatistics.Share()
            while let word = words.next() {
                if let value = word.value(of: "avg10")?.hundredths {
                    share.average10 = Double(value) / 100
                } else if let value = word.value(of: "avg60")?.hundredths {
                    share.average60 = Double(value) / 100
                } else if let value = word.value(of: "avg300")?.hundredths {
                    share.average300 = Double(value) / 100
                } else if let value = word.value(of: "total")?.number {
                    share.total = value
                }
            }
            if kind.equals("some") {
                some = share
                hasSome = true
            } else if kind.equals("full") {
                full = share
            }
        }
        if !hasSome { return nil }
    }
}

extension UnsafeRawBufferPointer {
    /// The number of a file that holds one and a line feed.
    var onlyNumber: UInt64? {
        var words = Words(self)
        return words.next()?.number
    }

    /// A number, or `max`.
    var countLimit: CgroupLimit<UInt64>? {
        var words = Words(self)
        guard let word = words.next() else { return nil }
        return word.equals("max") ? .unlimited : word.number.map { .at($0) }
    }

    var byteLimit: CgroupLimit<ByteCount>? {
        switch countLimit {
        case nil: nil
        case .unlimited: .unlimited
        // hugetlb.max has no "max": its highest number is the pages that a signed long counts, in bytes.
        case .at(let bytes) where bytes >= UInt64(Int64.max) - (1 << 31): .unlimited
        case .at(let bytes): .at(ByteCount(bytes))
        }
    }

    /// `cpu.max`: a quota, or `max`, and a period.
    var quotaLimit: CgroupLimit<CPUQuota>? {
        var words = Words(self)
        guard let quota = words.next(), let period = words.next()?.number else { return nil }
        if quota.equals("max") { return .unlimited }
        return quota.number.flatMap { CPUQuota(quota: $0, period: period) }.map { .at($0) }
    }

    /// The value of one key of a file with keys; nil without it.
    func value(ofLine key: StaticString) -> UInt64? {
        var lines = KeyedLines(self)
        while let line = lines.next() {
            if line.hasKey(key) { return line.value }
        }
        return nil
    }
}
