import CFSCore
import CFSLinux
import Glibc

/// This process, when a daemon has started it for somebody else (`cfs --host`; the other side is `HostedCommand` of `CFSServer`).
enum HostedProcess {
    /// Whom the history names; nil when this process acts for its own user.
    static let user: UInt32? = caller?.user

    private struct Caller {
        let user: UInt32
        let mask: UInt32
        let daemon: Int32
    }

    /// Of `CFS_CALLER`. Who is not root cannot act for others.
    private static let caller: Caller? = {
        guard geteuid() == 0, let text = getenv("CFS_CALLER").map({ String(cString: $0) }) else { return nil }
        let parts = text.split(separator: ":")
        guard parts.count == 3, let user = UInt32(parts[0]), let mask = UInt32(parts[1]), let daemon = Int32(parts[2])
        else { return nil }
        return Caller(user: user, mask: mask, daemon: daemon)
    }()

    private static let folder: Int32 = 3

    /// Takes on the caller's working folder, which is open as descriptor 3, and his umask; ends with the daemon from then on.
    static func adopt() {
        guard getenv("CFS_CALLER") != nil, let caller else { return }
        unsetenv("CFS_CALLER")
        do throws(CFSError) {
            try ProcessControl.endWithParent(SIGKILL)
        } catch {
            StandardError.tell(error)
            exit(125)
        }
        // It has ended before it could be waited for, or has never been there.
        guard getppid() == caller.daemon else { exit(125) }
        umask(caller.mask)
        guard fchdir(folder) == 0 else {
            StandardError.write("cfs: the working folder of the caller cannot be entered\n")
            exit(125)
        }
        close(folder)
    }
}
