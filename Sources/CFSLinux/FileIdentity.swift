import CFSModel
import CLinux

/// As whom this thread makes files (setfsuid(2)).
///
/// A file system that is mounted with an id map, or inside a user namespace, refuses files of a user that it has no number
/// for (EOVERFLOW): in a container's the host's root is such a user.
public enum FileIdentity {
    /// Runs a body that makes files as another user and group, with all of this thread's capabilities. The body must stay on
    /// this thread.
    public static func run<Result>(
        uid: UInt32, gid: UInt32, _ body: () throws(CFSError) -> Result
    ) throws(CFSError) -> Result {
        // Setting one returns the one before, also where it is refused; -1 is always refused.
        let group = rawCall(cfs_nr_setfsgid, Int(gid))
        let user = rawCall(cfs_nr_setfsuid, Int(uid))
        defer {
            _ = rawCall(cfs_nr_setfsuid, user)
            _ = rawCall(cfs_nr_setfsgid, group)
        }
        let now = (user: rawCall(cfs_nr_setfsuid, -1), group: rawCall(cfs_nr_setfsgid, -1))
        guard now.user == Int(uid), now.group == Int(gid) else {
            throw CFSError(.notPermitted, .preparing, "this process must not make files of user \(uid)")
        }
        // Leaving root's number has taken the capabilities for files out of the effective set.
        if uid != 0, user == 0 { try raiseCapabilities() }
        return try body()
    }

    private static func raiseCapabilities() throws(CFSError) {
        var header = cfs_cap_header(version: UInt32(CFS_CAPABILITY_VERSION_3), pid: 0)
        var data = [cfs_cap_data(), cfs_cap_data()]
        func call(_ number: Int, _ name: StaticString) throws(CFSError) {
            let result = data.withUnsafeMutableBytes { data in
                withUnsafeMutablePointer(to: &header) { rawCall(number, address($0), address(data.baseAddress)) }
            }
            try checked(result, name, .preparing)
        }
        try call(cfs_nr_capget, "capget")
        for index in data.indices { data[index].effective = data[index].permitted }
        try call(cfs_nr_capset, "capset")
    }
}
