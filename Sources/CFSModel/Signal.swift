/// The signals of Linux on x86-64 and arm64 (signal(7)), by name and number.
public enum Signal {
    private static let names = [
        "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM",
        "TERM",
        "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH",
        "IO", "PWR",
        "SYS",
    ]

    /// Reads `TERM`, `SIGTERM`, `15`, `RTMIN+3` or `RTMAX-1`, in any case.
    public static func number(_ text: String) throws(CFSError) -> Int32 {
        if let number = Int32(text), (1...64).contains(number), text.first != "+" { return number }
        var name = text.uppercased()
        if name.hasPrefix("SIG") { name.removeFirst(3) }
        if let index = names.firstIndex(of: name) { return Int32(index + 1) }
        if let number = ["IOT": 6, "CLD": 17, "POLL": 29][name] as Int32? { return number }
        // glibc keeps 32 and 33 for itself: its real-time signals are 34 to 64.
        if name == "RTMIN" { return 34 }
        if name == "RTMAX" { return 64 }
        let digits = name.dropFirst(6)
        if let first = digits.utf8.first, (0x30...0x39).contains(first), let offset = Int32(digits), offset <= 30 {
            if name.hasPrefix("RTMIN+") { return 34 + offset }
            if name.hasPrefix("RTMAX-") { return 64 - offset }
        }
        throw CFSError(
            .invalidArgument, .parsing, "unknown signal \"\(text)\"",
            hint: "use a name such as TERM or a number from 1 to 64")
    }

    /// `SIGTERM` for 15; `signal 40` for those without a name.
    public static func name(_ number: Int32) -> String {
        names.indices.contains(Int(number) - 1) ? "SIG\(names[Int(number) - 1])" : "signal \(number)"
    }
}
