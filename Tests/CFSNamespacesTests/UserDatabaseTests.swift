import CFSLinux
import CFSModel
import Glibc
import TestSupport
import Testing

@testable import CFSNamespaces

@Suite("Users of an image")
struct UserDatabaseTests {
    private static func resolve(_ user: String, groups: [String] = []) throws(CFSError) -> ResolvedUser {
        try UserDatabase.resolve(
            user, additionalGroups: groups, passwd: UserTable(bytes: Array(UserSamples.passwd.utf8)),
            group: UserTable(bytes: Array(UserSamples.group.utf8)))
    }

    @Test("a name brings its numbers, its home and its groups; of two lines the first counts")
    func name() throws {
        #expect(try Self.resolve("web") == ResolvedUser(uid: 33, gid: 34, groups: [10, 29], home: "/var/www"))
        #expect(try Self.resolve("root") == ResolvedUser(uid: 0, gid: 0, groups: [10], home: "/root"))
    }

    @Test("a number that stands in passwd brings the same along")
    func known() throws {
        #expect(try Self.resolve("33") == ResolvedUser(uid: 33, gid: 34, groups: [10, 29], home: "/var/www"))
    }

    @Test("a number is itself, never a name that looks like it")
    func unknown() throws {
        #expect(try Self.resolve("1000") == ResolvedUser(uid: 1000, gid: 0, groups: [], home: "/"))
        #expect(try Self.resolve("1") == ResolvedUser(uid: 1, gid: 0, groups: [], home: "/"))
        #expect(try Self.resolve("1:") == ResolvedUser(uid: 1, gid: 0, groups: [], home: "/"))
        #expect(try Self.resolve("0033").uid == 33)
        #expect(try Self.resolve("2147483646").uid == 2_147_483_646)
        #expect(try Self.resolve("5:1000").gid == 1000)
    }

    @Test("a colon that makes one letter with what follows it is a colon")
    func combined() throws {
        let group = UserTable(bytes: Array("\u{301}g:x:77:\n".utf8))
        let user = try UserDatabase.resolve(
            "5:\u{301}g", additionalGroups: [], passwd: UserTable(bytes: []), group: group)
        #expect(user.uid == 5 && user.gid == 77)
    }

    @Test("nothing is root")
    func nothing() throws {
        for user in ["", ":", "0"] {
            #expect(try Self.resolve(user) == ResolvedUser(uid: 0, gid: 0, groups: [10], home: "/root"))
        }
    }

    @Test("a group that is asked for takes the place of all others")
    func groups() throws {
        #expect(try Self.resolve("web:audio") == ResolvedUser(uid: 33, gid: 29, groups: [], home: "/var/www"))
        #expect(try Self.resolve("web:7") == ResolvedUser(uid: 33, gid: 7, groups: [], home: "/var/www"))
        #expect(try Self.resolve(":wheel").gid == 10)
        #expect(try Self.resolve("web", groups: ["empty", "5", "audio"]).groups == [10, 29, 71, 5])
    }

    @Test(
        "what looks like a number and is none that the kernel takes is refused, though passwd knows the text",
        arguments: [
            "-1", "4294967295", "4294967296", " 1", "+1", "1 ", "0x0", "1e3", "2147483647", "99999999999999999999",
            "1a", "\t1", "\n0",
            "-1:0", "0:-1", "0:4294967295", "0: 1", "web:4294967296", "1:1:1",
        ])
    func hostile(user: String) {
        let error = #expect(throws: CFSError.self) { try Self.resolve(user) }
        #expect(error?.code == .invalidArgument)
    }

    @Test(
        "a user or group that the image does not have is refused",
        arguments: ["nobody", "web:nogroup", "ROOT", "we", "short", "#", "\u{661}"])
    func missing(user: String) {
        #expect(throws: CFSError.self) { try Self.resolve(user) }
    }

    @Test(
        "a line whose number is none does not make its user root",
        arguments: ["minus", "huge", "plus", "badgroup", "web:bad", "web:huge"])
    func badEntries(user: String) {
        let error = #expect(throws: CFSError.self) { try Self.resolve(user) }
        #expect(error?.path?.hasPrefix("/etc/") == true)
    }

    @Test("a home that is no absolute path, or holds a NUL, is not taken")
    func homes() throws {
        #expect(try Self.resolve("relative").home == "/")
        let table = UserTable(bytes: Array("a:x:1:1::/ho\0me:/bin/sh\n".utf8))
        #expect(
            try UserDatabase.resolve("a", additionalGroups: [], passwd: table, group: UserTable(bytes: [])).home == "/")
    }

    // MARK: The files

    private let folder = TemporaryDirectory()

    private func read(_ user: String) throws -> ResolvedUser {
        let root = try Directory.open(folder.path)
        return try UserDatabase.resolve(user, additionalGroups: [], root: root.raw)
    }

    @Test("an image without the files knows numbers only")
    func noFiles() throws {
        #expect(try read("7").uid == 7)
        #expect(try read("").uid == 0)
        #expect(throws: CFSError.self) { try read("root") }
    }

    @Test("links are followed inside the image only")
    func links() throws {
        folder.write("a:x:1:1::/:/bin/sh\n", to: "data/passwd")
        folder.makeFolder("etc")
        symlink("../../../../../../data/passwd", folder("etc/passwd"))
        symlink("/etc/group", folder("etc/group"))
        #expect(try read("a").uid == 1)
        // The host's own /etc/passwd knows daemon.
        #expect(throws: CFSError.self) { try read("daemon") }
    }

    @Test("a pipe, a folder, a device and an endless file are refused at once, for numbers too")
    func kinds() throws {
        folder.makeFolder("etc")
        let makers: [(String) -> Void] = [
            { mkfifo($0, 0o600) }, { mkdir($0, 0o755) },
            { path in
                close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600))
                truncate(path, 10 << 30)
            },
        ]
        for make in makers {
            make(folder("etc/passwd"))
            #expect(throws: CFSError.self) { try read("7") }
            try Directory.removeTree(folder("etc/passwd"))
        }
    }

    @Test(
        "ten megabytes of nothing but separators are read without much memory",
        arguments: [0x3a, 0x0a, 0x2c] as [UInt8])
    func separators(byte: UInt8) throws {
        let bytes = [UInt8](repeating: byte, count: 1 << 20)
        let table = UserTable(bytes: bytes)
        #expect(try UserDatabase.resolve("7", additionalGroups: [], passwd: table, group: table).uid == 7)
    }
}
