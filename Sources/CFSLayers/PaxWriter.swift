import CFSModel

/// Builds the records of a pax extended header (POSIX.1-2001, pax, "pax Extended Header").
struct PaxWriter {
    private(set) var bytes: [UInt8] = []
    var isEmpty: Bool { bytes.isEmpty }

    mutating func add(_ key: String, _ value: [UInt8]) {
        let rest = 1 + key.utf8.count + 1 + value.count + 1
        // The length counts its own digits.
        var length = rest + 1
        while rest + String(length).utf8.count > length { length += 1 }
        bytes += Array("\(length) \(key)=".utf8) + value + [0x0a]
    }

    mutating func add(_ key: String, _ value: String) { add(key, Array(value.utf8)) }

    /// Text for which a ustar header has no place. Bytes that are no UTF-8 are declared to be just bytes.
    mutating func add(_ key: String, name: [UInt8]) {
        if String(validating: name, as: UTF8.self) == nil { add("hdrcharset", "BINARY") }
        add(key, name)
    }

    /// Seconds and, where there is one, their fraction; before 1970 with a minus in front of both.
    static func text(_ time: ArchiveTime) -> String {
        var seconds = time.seconds
        var nanoseconds = time.nanoseconds
        if seconds < 0 && nanoseconds > 0 {
            seconds += 1
            nanoseconds = 1_000_000_000 - nanoseconds
        }
        let sign = time.seconds < 0 ? "-" : ""
        if nanoseconds == 0 { return "\(sign)\(seconds.magnitude)" }
        var fraction = String(String(1_000_000_000 + nanoseconds).dropFirst())
        while fraction.hasSuffix("0") { fraction.removeLast() }
        return "\(sign)\(seconds.magnitude).\(fraction)"
    }
}
