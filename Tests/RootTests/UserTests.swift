import TestSupport
import Testing

@Suite("Who the command runs as", .needsHost, .engine)
struct UserTests: EngineSuite {
    @Test(
        "-u takes names and numbers, with a group or without",
        arguments: [
            ("0", "0 0 0"), ("tc", "1001 50 50"), ("1001", "1001 50 50"), ("tc:lp", "1001 7 7"),
            ("1234:4321", "1234 4321 4321"),
            ("7", "7 7 7"), ("65535", "65535 0 0"),
        ])
    func users(user: String, expected: String) {
        let result = engine.inside("echo $(id -u) $(id -g) $(id -G)", "-u", user, image: "TinyCore")
        #expect(result.text == expected, "\(result.errors)")
    }

    @Test("the configuration that inspect and explain show has the ids that were given by number")
    func inspected() throws {
        try engine.withContainer(["-u", "1000:1001"]) { id in
            let shown = try engine.inspect(id)
            #expect(shown["OCI"]["process"]["user"]["uid"].number == 1000)
            #expect(shown["OCI"]["process"]["user"]["gid"].number == 1001)
            #expect(shown["Config"]["User"].text == "1000:1001")
            let plan = try engine.json("explain", "--format", "json", "-u", "1000:1001", "BusyBox", "true")
            #expect(plan["Configuration"]["process"]["user"]["uid"].number == 1000)
            #expect(plan["Configuration"]["process"]["user"]["gid"].number == 1001)
            for options in [[], ["-u", "7:8"]] {
                let ids = engine.run(["exec"] + options + [id, "sh", "-c", "echo $(id -u) $(id -g) $(id -G)"])
                #expect(ids.text == (options.isEmpty ? "1000 1001 1001" : "7 8 8"), "\(ids.errors)")
            }
        }
    }

    @Test("a user that the image does not have is an error", arguments: ["nosuchuser", "tc:nosuchgroup"])
    func unknown(user: String) {
        let result = engine.inside("id", "-u", user, image: "TinyCore")
        #expect(result.status == 125)
        #expect(result.errors.contains("is not in the image's"), "\(result.errors)")
    }

    @Test("--group-add adds groups by name and number: to the command, and to what exec runs beside it")
    func moreGroups() throws {
        let options = ["--group-add", "lp", "--group-add", "1234"]
        try engine.withContainer(options + ["-u", "tc"], image: "TinyCore") { id in
            #expect(engine.run("exec", id, "id", "-G").text == "50 7 1234")
            #expect(engine.run("exec", "-u", "0", id, "id", "-G").text.hasSuffix(" 7 1234"))
            #expect(engine.run("inspect", "-f", "{{join .HostConfig.GroupAdd \" \"}}", id).text == "lp 1234")
            let first = engine.run("exec", id, "grep", "^Groups:", "/proc/1/status")
            #expect(first.text.split(whereSeparator: \.isWhitespace).dropFirst() == ["7", "1234"], "\(first.text)")
        }
        let result = engine.inside("id -G", "-u", "1234:4321", "--group-add", "lp", image: "TinyCore")
        #expect(result.text == "4321 7", "\(result.errors)")
        let explained = engine.run(["explain"] + options + ["TinyCore", "true"])
        #expect(explained.output.contains("child: user root with the groups lp 1234, from the image's own files"))
    }

    @Test(
        "a group that the image does not have is an error, and so is a number that no container has",
        arguments: [
            ("nosuchgroup", "the group \"nosuchgroup\" is not in the image's /etc/group"),
            ("65536", "the group id 65536 lies outside of the container's 65536 ids"),
            ("-1", "\"-1\" is not a group: a number must lie between 0 and 2147483646"),
        ])
    func unknownGroup(group: String, message: String) {
        let result = engine.inside("id", "--group-add=\(group)", image: "TinyCore")
        #expect(result.status == 125 && result.errors.contains(message), "\(result.errors)")
    }

    @Test("an ordinary user has no capability, and a home of its own")
    func ordinary() {
        let result = engine.inside("grep CapEff /proc/self/status; echo $HOME", "-u", "tc", image: "TinyCore")
        #expect(result.output == "CapEff:\t0000000000000000\n/home/tc\n")
    }

    // CVE-2024-40635 and its like: a passwd that maps texts like numbers to root must not make anybody root.
    @Test("a number is never looked up as a name, and one out of range is an error")
    func numbers() throws {
        let image = try HostileImage(engine, "trap")
        let texts = ["1", "-1", "4294967295", "4294967296", " 1", "+1", "2147483648", "65536"]
        let lines = texts.map { "\($0):x:0:0::/:/bin/sh\n" }.joined()
        try image.change("printf '\(lines)' >> etc/passwd")
        try image.importing()
        for user in ["1", "1:"] {
            let result = engine.run("run", "--rm", "-u", user, "trap", "id", "-u")
            #expect(result.text == "1", "\(user): \(result.errors)")
        }
        for user in texts.dropFirst() {
            let result = engine.run("run", "--rm", "-u", user, "trap", "id", "-u")
            #expect(result.status == 125, "\"\(user)\" became \(result.output)")
            #expect(result.output == "" && result.errors.hasPrefix("cfs: "))
        }
        try engine.withContainer(image: "trap") { id in
            #expect(engine.run("exec", "-u", "1", id, "id", "-u").text == "1")
            for user in texts.dropFirst() {
                let result = engine.run("exec", "-u", user, id, "id", "-u")
                #expect(result.status == 125, "\"\(user)\" became \(result.output)")
            }
        }
    }
}
