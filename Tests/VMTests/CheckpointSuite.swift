import EngineSupport
import Glibc
import TestSupport
import Testing

/// What the suites of checkpoint and restore do with their bundles.
protocol CheckpointSuite {}

extension CheckpointSuite {
    /// Counts up, ten times a second, into a file of its own file system: only what it remembers goes on.
    static var counting: String {
        "i=0; while :; do i=$((i+1)); echo $i >/dev/shm/count; usleep 100000; done"
    }

    func bundle(_ script: String = Self.counting) -> RuntimeBundle {
        let bundle = RuntimeBundle(["sh", "-c", script])
        bundle["linux", "namespaces"] = ["pid", "network", "ipc", "uts", "mount", "cgroup"].map { ["type": $0] }
        bundle["linux", "resources", "pids"] = ["limit": 50]
        return bundle
    }

    func start(_ bundle: RuntimeBundle, _ id: String = "a") {
        let created = bundle.create(id)
        #expect(created.status == 0, "\(bundle.output)")
        #expect(bundle.run("start", id).status == 0)
        #expect(eventually { bundle.status(id) == "running" })
    }

    func count(_ bundle: RuntimeBundle, _ id: String = "a") -> Int {
        Int(bundle.run("exec", id, "cat", "/dev/shm/count").text) ?? -1
    }

    func checkpoint(_ bundle: RuntimeBundle, _ options: String...) -> CommandResult {
        let arguments = ["checkpoint", "--image-path", bundle.folder("image"), "--work-path", bundle.folder("work")]
        return bundle.start(arguments + options + ["a"]).finish(seconds: 60)
    }

    func restore(_ bundle: RuntimeBundle, _ id: String = "a", _ options: String...) -> CommandResult {
        let arguments = ["restore", "--image-path", bundle.folder("image"), "--work-path", bundle.folder("work"), "-d"]
        return bundle.detached(arguments + options + [id])
    }

    /// What the kernel says of a container's process that must be the same behind a restore.
    func facts(_ bundle: RuntimeBundle, _ id: String = "a") -> [String] {
        let pid = Int(bundle.state(id)["pid"].number ?? 0)
        let kept = ["Cap", "NoNewPrivs", "Seccomp:", "Uid", "Gid", "Groups", "Umask"]
        let status = (textOfFile("/proc/\(pid)/status") ?? "").split(separator: "\n").map(String.init)
            .filter { line in kept.contains { line.hasPrefix($0) } }
        let mounts = (textOfFile("/proc/\(pid)/mountinfo") ?? "").split(separator: "\n")
            .map { $0.split(separator: " ") }
            .map { fields in "\(fields[4]) \(fields[5].split(separator: ",").sorted().joined(separator: ","))" }
        return status + mounts.sorted() + [textOfFile("/proc/\(pid)/cgroup") ?? ""]
    }

    func namespaces(_ bundle: RuntimeBundle) -> [String] {
        let pid = Int(bundle.state("a")["pid"].number ?? 0)
        return ["pid", "net", "ipc", "uts", "mnt", "cgroup"].filter { name in
            linkTarget("/proc/\(pid)/ns/\(name)") == linkTarget("/proc/self/ns/\(name)")
        }
    }

    func linkTarget(_ path: String) -> String {
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = readlink(path, &buffer, buffer.count)
        return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    }

    func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    func permissions(_ path: String) -> mode_t {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & 0o777 : 0
    }
}
