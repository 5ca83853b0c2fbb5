import CFSModel

extension ProcessEntry.Identity {
    /// Fills in the home of the user for a process that was given a number and no `HOME`.
    mutating func lookUpHome(for process: ProcessPlan, root: Int32) throws(CFSError) {
        guard process.looksUpHome, !process.environment.contains(where: { $0.hasPrefix("HOME=") }) else { return }
        home = try UserDatabase.resolve("\(uid)", additionalGroups: [], root: root).home
    }

    /// The numbers behind a user of a plan, looked up in the files below `root`.
    ///
    /// - Throws: `.invalidArgument` when the user is unknown, or an id is not mapped in the container's user namespace.
    static func resolve(
        _ user: ProcessPlan.User, root: Int32, uids: [IDMapping], gids: [IDMapping]
    ) throws(CFSError) -> ProcessEntry.Identity {
        let identity: ProcessEntry.Identity
        switch user {
        case .ids(let uid, let gid, let groups):
            // -1 means "as before" to setresuid(2) and setresgid(2): the launcher's own id, root.
            guard uid != UInt32.max, gid != UInt32.max, !groups.contains(UInt32.max) else {
                throw CFSError(.invalidArgument, .starting, "4294967295 is not the id of a user or a group")
            }
            identity = ProcessEntry.Identity(uid: uid, gid: gid, groups: groups, home: "/")
        case .named(let name, let groups):
            let found = try UserDatabase.resolve(name, additionalGroups: groups, root: root)
            identity = ProcessEntry.Identity(uid: found.uid, gid: found.gid, groups: found.groups, home: found.home)
        }
        guard uids.hostID(of: identity.uid) != nil else {
            throw CFSError(
                .invalidArgument, .starting, "the user id \(identity.uid) lies outside of the container's 65536 ids",
                hint: "use an id below 65536, or --userns host")
        }
        for gid in [identity.gid] + identity.groups where gids.hostID(of: gid) == nil {
            throw CFSError(.invalidArgument, .starting, "the group id \(gid) lies outside of the container's 65536 ids")
        }
        return identity
    }
}
