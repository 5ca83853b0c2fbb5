import CFSCore
import CFSLinux
import Synchronization

/// Root and the members of the group `cfs`: who may call.
final class CallerGroup: Sendable {
    private let group: String
    private let usersPath: String
    private let groupsPath: String

    /// - Parameters: paths of passwd(5) and group(5).
    init(group: String = UnixSocketFile.groupName, users: String = "/etc/passwd", groups: String = "/etc/group") {
        (self.group, usersPath, groupsPath) = (group, users, groups)
    }

    /// Throws unless this user may call. The files are read anew each time, so that a change holds at once; root needs none.
    func check(_ uid: UInt32) throws {
        if uid == 0 { return }
        let groups = try GroupTable(path: groupsPath)
        guard let entry = groups.entry(of: group) else { throw Refusal(reason: "user \(uid): no group \(group)") }
        let users = try UserTable(path: usersPath)
        guard
            users.entries.contains(where: { $0.uid == uid && ($0.gid == entry.gid || entry.members.contains($0.name)) })
        else { throw Refusal(reason: "user \(uid) is not in the group \(group)") }
    }

    /// The user of whom the kernel does not say the number (user_namespaces(7)).
    static func overflowUID() throws(CFSError) -> UInt32 {
        let text = String(decoding: try File.readAll(at: "/proc/sys/kernel/overflowuid"), as: UTF8.self)
        return UInt32(text.prefix { $0.isNumber }) ?? 65_534
    }
}

/// The lines of group(5). Read by hand: getgrnam(3) loads what the host is configured for, which a static program cannot.
struct GroupTable {
    struct Entry: Equatable {
        let name: String
        let gid: UInt32
        let members: [String]
    }
    let entries: [Entry]

    init(_ text: String) {
        entries = text.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            guard fields.count == 4, !fields[0].isEmpty, let gid = UInt32(fields[2]) else { return nil }
            return Entry(name: String(fields[0]), gid: gid, members: fields[3].split(separator: ",").map(String.init))
        }
    }

    init(path: String) throws(CFSError) {
        self.init(String(decoding: try File.readAll(at: path, limit: 10 << 20), as: UTF8.self))
    }

    static func system() throws(CFSError) -> GroupTable { try GroupTable(path: "/etc/group") }

    func entry(of name: String) -> Entry? { entries.first { $0.name == name } }
    func identifier(of name: String) -> UInt32? { entry(of: name)?.gid }
}

/// The lines of passwd(5).
struct UserTable {
    struct Entry: Equatable {
        let name: String
        let uid: UInt32
        let gid: UInt32
    }
    let entries: [Entry]

    init(_ text: String) {
        entries = text.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: ":", omittingEmptySubsequences: false)
            guard fields.count == 7, !fields[0].isEmpty, let uid = UInt32(fields[2]), let gid = UInt32(fields[3])
            else { return nil }
            return Entry(name: String(fields[0]), uid: uid, gid: gid)
        }
    }

    init(path: String) throws(CFSError) {
        self.init(String(decoding: try File.readAll(at: path, limit: 10 << 20), as: UTF8.self))
    }
}
