import CFSModel
import Glibc
import TestSupport
import Testing

@testable import CFSCore

@Suite("What is said of a full disk")
struct FullDiskErrorTests {
    private let folder = TemporaryDirectory()

    private var options: EngineOptions {
        var options = EngineOptions()
        options.root = folder("root")
        options.run = folder("root/run")
        return options
    }

    private func hint(_ path: String?, own: String? = nil) -> String? {
        options.explaining(
            CFSError(.noSpace, .preparing, "write failed", systemCall: "write", path: path, errno: ENOSPC, hint: own)
        ).hint
    }

    private var makesRoom: String {
        "make room on the disk of \(folder("root")): stop what still writes there, then remove containers with `cfs rm`, or what "
            + "nobody uses with `cfs system prune`"
    }

    @Test("the hint follows from the file: of the store, or of what runs")
    func paths() {
        #expect(hint(folder("root/registry.db")) == makesRoom && hint(folder("root")) == makesRoom)
        #expect(
            hint(folder("root/run/id/config.json"))
                == "make room on the disk of \(folder("root/run")), for example by stopping containers, or name another folder: "
                + "--run or CFS_RUN")
        #expect(hint(folder("rooted")) == nil && hint("config.json") == nil && hint(nil) == nil)
    }

    @Test("a hint that is there stays, and so does an error of another kind")
    func others() {
        #expect(hint(folder("root/registry.db"), own: "look") == "look")
        let other = CFSError(.registryFailed, .recording, "broken", path: folder("root/registry.db"))
        #expect(options.explaining(other) == other)
    }

    @Test(
        "where the file does not say it, the disk does",
        .enabled(if: geteuid() == 0, "only root can mount a small disk"))
    func measured() throws {
        let (root, options, expected) = (folder.makeFolder("root"), options, makesRoom)
        let hints = try withPrivateMounts {
            let error = CFSError(
                .noSpace, .preparing, "write of config.json failed", path: "config.json", errno: ENOSPC)
            var hints: [String?] = []
            for size in ["size=2m", "size=64k", "size=2m,nr_inodes=1"] {
                try PrivateMount.make("tmpfs", on: root, size)
                hints.append(options.explaining(error).hint)
            }
            return hints
        }
        #expect(hints == [nil, expected, expected])
    }
}
