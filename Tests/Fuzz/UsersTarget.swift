import CFSModel
import TestSupport

@testable import CFSNamespaces

/// `/etc/passwd` and `/etc/group` of an image, and a user to find there. An input is `USER NUL passwd NUL group NUL GROUP NUL
/// GROUP`.
enum UsersTarget {
    static func run(_ bytes: [UInt8]) {
        var choices = Choices(bytes)
        let user = String(decoding: choices.text(), as: UTF8.self)
        let passwd = choices.text()
        let group = choices.text()
        var additional: [String] = []
        while !choices.isEmpty, additional.count < 3 {
            additional.append(String(decoding: choices.text(), as: UTF8.self))
        }

        func resolve(_ user: String, _ additional: [String] = []) -> ResolvedUser? {
            accepted { () throws(CFSError) in
                try UserDatabase.resolve(
                    user, additionalGroups: additional, passwd: UserTable(bytes: passwd), group: UserTable(bytes: group)
                )
            }
        }
        guard let found = resolve(user, additional) else { return }
        let expected = UserReading(passwd: passwd, group: group).resolve(
            Array(user.utf8), additional.map { Array($0.utf8) })
        demand(found == expected, "\(user) is \(found), and by a reading line by line \(String(describing: expected))")
        // What setresuid(2) and setgroups(2) would take for "as before", or for another.
        for number in [found.uid, found.gid] + found.groups {
            demand(number < 0x7fff_ffff, "\(user) has the number \(number)")
        }
        // By bytes: for a String a "/" with a combining character behind it is another character than "/".
        let home = found.home.utf8
        demand(home.first == UInt8(ascii: "/") && !home.contains(0), "the home \(found.home)")
        demand(Set(found.groups).count == found.groups.count, "a group comes twice: \(found.groups)")
        let alone = resolve("\(found.uid)")
        demand(alone == nil || alone?.uid == found.uid, "a number became another: \(found.uid)")
        let both = resolve("\(found.uid):\(found.gid)")
        demand(both == nil || both?.uid == found.uid && both?.gid == found.gid, "numbers became others: \(found)")
    }

    static let seeds: [[UInt8]] = [
        "web", "33", "root", "", "web:audio", ":wheel", "1000", "-1", "minus", "relative", "2147483646:10", "badgroup",
        "4294967296",
    ].map { user in
        Array("\(user)\u{0}\(UserSamples.passwd)\u{0}\(UserSamples.group)\u{0}empty\u{0}5".utf8)
    }
}

/// The same as `UserDatabase` says, as a reader would find it by hand: all lines, all fields, no shortcuts.
private struct UserReading {
    private let users: [[[UInt8]]]
    private let groups: [[[UInt8]]]

    init(passwd: [UInt8], group: [UInt8]) {
        users = Self.lines(passwd, fields: 7).filter { $0.count > 5 }
        groups = Self.lines(group, fields: 4).filter { $0.count > 2 }
    }

    private static func lines(_ bytes: [UInt8], fields: Int) -> [[[UInt8]]] {
        var lines: [[[UInt8]]] = []
        var line: [[UInt8]] = [[]]
        func end() {
            if line != [[]], line[0].first != UInt8(ascii: "#") { lines.append(line) }
            line = [[]]
        }
        for byte in bytes {
            if byte == UInt8(ascii: "\n") {
                end()
            } else if byte == UInt8(ascii: ":"), line.count < fields {
                line.append([])
            } else {
                line[line.count - 1].append(byte)
            }
        }
        end()
        return lines
    }

    private static func number(_ text: [UInt8]) -> UInt32? {
        if text.isEmpty { return nil }
        var value: UInt64 = 0
        for byte in text {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            value = min(value * 10 + UInt64(byte - 0x30), 1 << 40)
        }
        return value < 0x7fff_ffff ? UInt32(value) : nil
    }

    /// Nil for what must be refused.
    func resolve(_ text: [UInt8], _ additional: [[UInt8]]) -> ResolvedUser? {
        let colon = text.firstIndex(of: UInt8(ascii: ":"))
        var user = Array(text[..<(colon ?? text.endIndex)])
        let group = colon.map { Array(text[($0 + 1)...]) } ?? []
        if user.isEmpty { user = [UInt8(ascii: "0")] }
        let asked = Self.number(user)
        let line = users.first { asked == nil ? $0[0] == user : Self.number($0[2]) == asked }
        guard let uid = asked ?? line.flatMap({ Self.number($0[2]) }) else { return nil }
        var found = ResolvedUser(uid: uid, gid: 0, groups: [], home: "/")
        if let line {
            guard let gid = Self.number(line[3]) else { return nil }
            found.gid = gid
            if line[5].first == UInt8(ascii: "/"), !line[5].contains(0) {
                found.home = String(decoding: line[5], as: UTF8.self)
            }
        }
        if !group.isEmpty {
            guard let gid = groupID(group) else { return nil }
            found.gid = gid
        } else if let name = line?[0], !name.isEmpty {
            for line in groups where line.count > 3 && line[3].split(separator: UInt8(ascii: ",")).contains(name[...]) {
                if let gid = Self.number(line[2]), gid != found.gid, !found.groups.contains(gid) {
                    found.groups.append(gid)
                }
            }
        }
        for name in additional {
            guard let gid = groupID(name) else { return nil }
            if !found.groups.contains(gid) { found.groups.append(gid) }
        }
        return found
    }

    private func groupID(_ text: [UInt8]) -> UInt32? {
        Self.number(text) ?? groups.first { $0[0] == text }.flatMap { Self.number($0[2]) }
    }
}
