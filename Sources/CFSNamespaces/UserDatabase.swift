import CFSLinux
import CFSModel

/// A user of the container, in numbers as the container sees them.
public struct ResolvedUser: Sendable, Hashable {
    public var uid: UInt32
    public var gid: UInt32
    public var groups: [UInt32]
    public var home: String
}

/// `/etc/passwd` and `/etc/group` of an image, read by our own parser: no NSS, no library of the container.
public enum UserDatabase {
    /// At most this much of either file is read.
    static let sizeLimit = 10 << 20

    /// Resolves `user[:group]`: names are looked up, numbers are taken as they are and never looked up as names. A number
    /// that stands in passwd brings its group and home along.
    ///
    /// - Parameters:
    ///   - additionalGroups: names or numbers, added to whatever groups the user has.
    ///   - root: the container's root; the files are opened below it, as regular files, without waiting.
    public static func resolve(_ user: String, additionalGroups: [String], root: Int32) throws(CFSError) -> ResolvedUser
    {
        let passwd = try read("etc/passwd", root)
        let group = try read("etc/group", root)
        return try resolve(user, additionalGroups: additionalGroups, passwd: passwd, group: group)
    }

    /// The numbers in `user[:group]` that are known without an image; nil for a name, and for what is not there. No group of
    /// a user by number stands in it: that is for passwd to say.
    public static func numbers(in user: String) -> (uid: UInt32?, gid: UInt32?) {
        let parts = user.utf8.split(separator: 0x3a, maxSplits: 1, omittingEmptySubsequences: false)
        return (UserTable.number(Array(parts[0])[...]), parts.count == 2 ? UserTable.number(Array(parts[1])[...]) : nil)
    }

    static func resolve(
        _ user: String, additionalGroups: [String], passwd: UserTable, group: UserTable
    ) throws(CFSError) -> ResolvedUser {
        let parts = user.utf8.split(separator: 0x3a, maxSplits: 1, omittingEmptySubsequences: false)
            .map { String(Substring($0)) }
        let wanted = parts.first.flatMap { $0.isEmpty ? nil : $0 } ?? "0"
        let entry: UserTable.Line?
        var result: ResolvedUser
        if let uid = try number(wanted, "user") {
            entry = passwd.first(fields: 7) { $0.count > 5 && UserTable.number($0[2]) == uid }
            result = ResolvedUser(uid: uid, gid: 0, groups: [], home: "/")
        } else {
            entry = passwd.first(fields: 7) { $0.count > 5 && $0[0].elementsEqual(wanted.utf8) }
            guard let entry else {
                throw CFSError(
                    .invalidArgument, .starting, "the user \"\(wanted)\" is not in the image's /etc/passwd",
                    hint: "use a number, or a user that the image has")
            }
            // What is out of range here must not become -1, which setresuid(2) takes for "as before": root.
            guard let uid = UserTable.number(entry[2]) else { throw badEntry("user", wanted, "passwd") }
            result = ResolvedUser(uid: uid, gid: 0, groups: [], home: "/")
        }
        if let entry {
            guard let gid = UserTable.number(entry[3]) else { throw badEntry("user", wanted, "passwd") }
            result.gid = gid
            if entry[5].first == 0x2f, !entry[5].contains(0) { result.home = String(decoding: entry[5], as: UTF8.self) }
        }
        if parts.count == 2, !parts[1].isEmpty {
            result.gid = try groupID(parts[1], group)
        } else if let name = entry?[0], !name.isEmpty {
            // Supplementary groups follow from the user only when no group was asked for (as with su(1)).
            result.groups = try group.groups(of: name).filter { $0 != result.gid }
        }
        for name in additionalGroups {
            let gid = try groupID(name, group)
            if !result.groups.contains(gid) { result.groups.append(gid) }
        }
        return result
    }

    private static func groupID(_ text: String, _ group: UserTable) throws(CFSError) -> UInt32 {
        if let gid = try number(text, "group") { return gid }
        guard let line = group.first(fields: 4, where: { $0.count > 2 && $0[0].elementsEqual(text.utf8) }) else {
            throw CFSError(
                .invalidArgument, .starting, "the group \"\(text)\" is not in the image's /etc/group",
                hint: "use a number, or a group that the image has")
        }
        guard let gid = UserTable.number(line[2]) else { throw badEntry("group", text, "group") }
        return gid
    }

    private static func badEntry(_ what: String, _ name: String, _ file: String) -> CFSError {
        CFSError(
            .invalidArgument, .starting, "the \(what) \"\(name)\" has no usable number in the image's /etc/\(file)",
            path: "/etc/\(file)", hint: "a number must lie between 0 and 2147483646")
    }

    /// A strict number, or nil for a name. What looks like a number but is none that the kernel takes is an error, so that
    /// it can never become a name (CVE-2024-40635).
    private static func number(_ text: String, _ what: String) throws(CFSError) -> UInt32? {
        if let value = UserTable.number(ArraySlice(text.utf8)) { return value }
        let first = text.utf8.first ?? 0
        let looksNumeric = first <= 0x20 || first == 0x2d || first == 0x2b || (0x30...0x39).contains(first)
        if looksNumeric {
            throw CFSError(
                .invalidArgument, .starting, "\"\(text)\" is not a \(what): a number must lie between 0 and 2147483646")
        }
        return nil
    }

    private static func read(_ path: String, _ root: Int32) throws(CFSError) -> UserTable {
        let result = File.tryOpen(path, below: root, [.read, .nonBlocking], resolve: .inRoot)
        if result == -ErrorCode.notFound || result == -ErrorCode.notDirectory || result == -ErrorCode.loop {
            return UserTable(bytes: [])
        }
        let fd = OwnedFD(try checked(result, "openat2", .starting, path: "/\(path)"))
        guard try File.status(at: fd.raw).isRegular else {
            throw CFSError(.invalidArgument, .starting, "/\(path) of the image is not a regular file", path: "/\(path)")
        }
        return UserTable(bytes: try File.readAll(fd.raw, limit: sizeLimit, path: "/\(path)"))
    }
}
