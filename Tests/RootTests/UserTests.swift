import TestSupport
import Testing

@Suite("Who the command runs as", .needsHost, .engine)
struct UserTests: EngineSuite {
    @Test(
        "-u takes names and numbers, with a group or without",
        arguments: [
            ("0", "0 0 0"), ("tc", "1001 50 50"), ("1001", "1001 50 50"), ("tc:lp", "1001 7 7"), ("1234:4321", "1234 4321 4321"),
            ("7", "7 7 7"), ("65535", "65535 0 0"),
        ])
    func users(user: String, expected: String) {
        let result = engine.inside("echo $(id -u) $(id -g) $(id -G)", "-u", user, image: "TinyCore")
        #expect(result.text == expected, "\(result.errors)")
    }

    @Test("a user that the image does not have is an error", arguments: ["nosuchuser", "tc:nosuchgroup"])
    func unknown(user: String) {
        let result = engine.inside("id", "-u", user, image: "TinyCore")
        #expect(result.status == 125)
        #expect(result.errors.contains("is not in the image's"), "\(result.errors)")
    }

    @Test("an ordinary user has no capability, and a home of its own")
    func ordinary() {
        let result = engine.inside("grep CapEff /proc/self/status; echo $HOME", "-u", "tc", image: "TinyCore")
        #expect(result.output == "CapEff:\t0000000000000000\n/home/tc\n")
    }

    // CVE-2024-40635 and kin: a passwd that maps texts like numbers to root must not make anybody root.
    @Test(
        "a number is never looked up as a name, and one out of range is an error",
        arguments: [
            ("1", "1"), ("1:", "1"), ("-1", nil), ("4294967295", nil), ("4294967296", nil), (" 1", nil), ("+1", nil),
            ("2147483648", nil), ("1x", nil), ("65536", nil),
        ] as [(String, String?)])
    func numbers(user: String, expected: String?) throws {
        let result = engine.run("run", "--rm", "-u", user, "trap", "id", "-u")
        if let expected {
            #expect(result.text == expected, "\(result.errors)")
        } else {
            #expect(result.status == 125, "\(result.output)")
            #expect(result.output == "")
            #expect(result.errors.hasPrefix("cfs: "))
        }
    }

    @Test("the user database that maps numbers to root does so for a program of the image")
    func control() {
        // Without the engine's care this is what `-u 1` would have become.
        #expect(engine.run("run", "--rm", "trap", "sh", "-c", "grep -c ':0:0:' /etc/passwd").output == "8\n")
    }
}
