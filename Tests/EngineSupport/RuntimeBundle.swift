import Foundation
import Glibc
import TestSupport

/// An OCI bundle of a test's own with BusyBox as its root, and `cfs-runtime` with a folder that nobody else uses. What is
/// left of its containers goes with it.
package final class RuntimeBundle {
    package static let binary = EngineFixture.builtBinary + "-runtime"
    package let folder = TemporaryDirectory()
    /// The configuration; written before every command.
    package var config: [String: Any] = [:]
    package var root: String { folder("run") }
    package var rootfs: String { folder("bundle/rootfs") }

    package init(_ command: [String] = ["true"]) {
        // Those that mounts lie on are there: the root of a user namespace cannot make them.
        for name in ["bin", "tmp", "etc", "proc", "dev", "sys"] { _ = folder.makeFolder("bundle/rootfs/\(name)") }
        let busybox = "/bin/busybox"
        _ = RunningCommand(["/bin/cp", busybox, folder("bundle/rootfs/bin/busybox")], environment: [:]).finish()
        _ = RunningCommand([busybox, "--install", "-s", folder("bundle/rootfs/bin")], environment: [:]).finish()
        for name in namesInFolder(folder("bundle/rootfs/bin")) where name != "busybox" {
            unlink(folder("bundle/rootfs/bin/\(name)"))
            symlink("busybox", folder("bundle/rootfs/bin/\(name)"))
        }
        _ = run("spec", "--bundle", folder("bundle"))
        let text = textOfFile(folder("bundle/config.json")) ?? "{}"
        let parsed = try? JSONSerialization.jsonObject(with: Data(text.utf8))
        config = parsed as? [String: Any] ?? [:]
        self["process", "terminal"] = false
        self["process", "args"] = command
    }

    deinit {
        for id in run("list", "-q").lines { _ = run("delete", "--force", id) }
    }

    /// A member of the configuration, by its path.
    package subscript(_ path: String...) -> Any? {
        get { path.reduce(config as Any?) { ($0 as? [String: Any])?[$1] } }
        set { config = Self.setting(config, path[...], newValue) }
    }

    private static func setting(_ object: [String: Any], _ path: ArraySlice<String>, _ value: Any?) -> [String: Any] {
        var object = object
        guard let name = path.first else { return object }
        object[name] =
            path.count == 1 ? value : setting(object[name] as? [String: Any] ?? [:], path.dropFirst(), value)
        return object
    }

    /// By a rename: a command that was started before reads the one or the other, never a half of one.
    package func write() {
        guard let data = try? JSONSerialization.data(withJSONObject: config) else { return }
        let path = folder.write(String(decoding: data, as: UTF8.self), to: "bundle/config.json.new")
        rename(path, folder("bundle/config.json"))
    }

    package func start(_ arguments: [String], terminal: Terminal? = nil) -> RunningCommand {
        if !config.isEmpty { write() }
        return RunningCommand(
            [Self.binary, "--root", root] + arguments, environment: ["PATH": EngineFixture.path, "LC_ALL": "C"],
            directory: folder("bundle"), terminal: terminal?.inner)
    }

    @discardableResult
    package func run(_ arguments: String..., input: String? = nil) -> CommandResult {
        start(arguments).finish(input: input, seconds: 60)
    }

    /// Makes a container whose streams are the file ``output``: it would hold the test's pipes open.
    @discardableResult
    package func create(_ id: String, _ options: String...) -> CommandResult {
        detached(["create"] + options + [id])
    }

    /// Runs a command that leaves a container behind whose streams are the file ``output``.
    package func detached(_ arguments: [String]) -> CommandResult {
        write()
        let script = "exec \"$@\" </dev/null >'\(folder("output"))' 2>&1"
        return RunningCommand(
            ["/bin/sh", "-c", script, "sh", Self.binary, "--root", root] + arguments,
            environment: ["PATH": EngineFixture.path], directory: folder("bundle")
        ).finish(seconds: 60)
    }

    /// What the container, or a failed ``detached(_:)``, wrote.
    package var output: String { textOfFile(folder("output")) ?? "" }

    package func state(_ id: String) -> JSONValue {
        (try? JSONValue(parsing: run("state", id).bytes)) ?? .null
    }

    package func status(_ id: String) -> String { state(id)["status"].text ?? "" }
}
