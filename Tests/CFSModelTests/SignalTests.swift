import CFSModel
import Testing

@Suite("Names of signals")
struct SignalTests {
    @Test(
        "a signal is read by name or number",
        arguments: [
            ("TERM", 15), ("SIGTERM", 15), ("sigterm", 15), ("15", 15), ("1", 1), ("64", 64), ("HUP", 1), ("KILL", 9),
            ("SYS", 31),
            ("WINCH", 28), ("IO", 29), ("POLL", 29), ("IOT", 6), ("CLD", 17), ("RTMIN", 34), ("SIGRTMIN+3", 37),
            ("RTMAX", 64),
            ("rtmax-1", 63), ("RTMIN+30", 64), ("RTMAX-30", 34), ("RTMIN+0", 34),
        ] as [(String, Int32)])
    func reads(text: String, number: Int32) throws {
        #expect(try Signal.number(text) == number)
    }

    @Test(
        "what is no signal is refused",
        arguments: [
            "", "0", "65", "-1", "+9", "SIG", "TERMINATE", " TERM", "TERM ", "9 ", "RTMIN+31", "RTMAX-31", "RTMIN-1",
            "RTMAX+1", "RTMIN++3",
            "RTMIN+-0", "RTMIN+", "RTMAX--1", "SIGSIGTERM", "15.0", "99999999999",
        ])
    func refuses(text: String) {
        let error = #expect(throws: CFSError.self) { try Signal.number(text) }
        #expect(error?.code == .invalidArgument)
    }

    @Test("a number has its name, or is shown as it is")
    func names() {
        #expect(Signal.name(15) == "SIGTERM")
        #expect(Signal.name(1) == "SIGHUP")
        #expect(Signal.name(31) == "SIGSYS")
        #expect(Signal.name(34) == "signal 34")
        #expect(Signal.name(0) == "signal 0")
        #expect(Signal.name(-1) == "signal -1")
    }
}
