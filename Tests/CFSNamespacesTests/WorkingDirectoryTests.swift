import CFSLinux
import CFSModel
import Glibc
import TestSupport
import Testing

@testable import CFSNamespaces

@Suite("A working directory that cannot be one")
struct WorkingDirectoryTests {
    /// What opening a path below the host's own root throws, and what is said of it then.
    private func refusal(_ path: String) throws -> CFSError? {
        let root = SharedFD(try Directory.open("/"))
        do throws(CFSError) {
            _ = try RootPath.openOrMake(path, root: root.raw, kind: .folder).release()
            return nil
        } catch {
            return WorkingDirectory.failure(path, error)
        }
    }

    @Test(
        "a link of the kernel's own is told apart from a link of somebody's",
        arguments: ["/proc/self/cwd", "/proc/self/root/etc"])
    func magicLink(path: String) throws {
        let error = try refusal(path)
        #expect(
            error?.description
                == "the working directory \(path) leads through a link of the kernel's own, or through too many links")
        #expect(
            error?.hint == "name a folder of the container by its own path: no link of /proc is followed there")
        #expect(error?.code == .invalidArgument && error?.exitStatus == 125)
    }

    @Test("what is below a file, and what is too long")
    func others() throws {
        #expect(try refusal("/etc/passwd/x")?.description == "the working directory /etc/passwd/x is not a folder")
        let error = try refusal("/" + String(repeating: "a", count: 300))
        #expect(error?.message.hasSuffix("… has a name of 300 bytes, which is too long") == true)
        #expect(error?.message.hasPrefix("the working directory /aaaa") == true)
    }

    @Test("anything else keeps what the kernel said; what the kernel has not said stays")
    func rest() {
        let refused = CFSError(kernel: EROFS, "mkdirat", .mounting, path: "/x")
        #expect(
            WorkingDirectory.failure("/x/y", refused).description
                == "the working directory /x/y can neither be opened nor made (mkdirat: Read-only file system)")
        let own = CFSError(.mountFailed, .mounting, "it is so")
        #expect(WorkingDirectory.failure("/x", own) == own)
    }
}
