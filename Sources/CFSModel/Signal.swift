/// The signals of Linux on x86-64 and arm64 (signal(7)), by name and number.
public enum Signal {
    private static let names = [
        "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM", "TERM",
        "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR",
        "SYS",
    ]

    /// Reads `TERM`, `SIGTERM`, `15`, `RTMIN+3` or `RTMAX-1`, in any case.
    public static func number(_ text: String) throws(CFSError) -> Int32 {
        if let number = Int32(text), (1...64).contains(number), text.first != "+" { return number }
        var name = text.uppercased()
        if name.hasPrefix("SIG") { name.removeFirst(3) }
        if let index = names.firstIndex(of: name) { return Int32(index + 1) }
        // glibc keeps 32 and 33 for itself: its real-time signals are 34 to 64.
        if name == "RTMIN" { return 34 }
        if name == "RTMAX" { return 64 }
        if name.hasPrefix("RTMIN+"), let offset = Int32(name.dropFirst(6)), (0...30).contains(offset) { return 34 + offset }
        if name.hasPrefix("RTMAX-"), let offset = Int32(name.dropFirst(6)), (0...30).contains(offset) { return 64 - offset }
        throw CFSError(
            .invalidArgument, .parsing, "unknown signal \"\(text)\"", hint: "use a name such as TERM or a number from 1 to 64")
    }

    /// `SIGTERM` for 15; `signal 40` for those without a name.
    public static func name(_ number: Int32) -> String {
        names.indices.contains(Int(number) - 1) ? "SIG\(names[Int(number) - 1])" : "signal \(number)"
    }
}
