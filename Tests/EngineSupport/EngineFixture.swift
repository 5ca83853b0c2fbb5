import Glibc
import TestSupport
import Testing

/// An engine of a test's own: the built executables, with state and run folders that nobody else uses.
package final class EngineFixture: Sendable {
    /// The engine of the suite that runs; see ``EngineTrait``.
    @TaskLocal package static var current: EngineFixture?

    /// The executable under test: `CFS_TEST_BINARY`, with `cfs-runtime` beside it.
    package static let builtBinary = getenv("CFS_TEST_BINARY").map { String(cString: $0) } ?? ""

    /// On disk, where layers can be mounted with an id map.
    package let folder = TemporaryDirectory()
    package let binary: String
    package var root: String { folder("root") }
    package var runFolder: String { folder("run") }

    /// The network that is the host's for this engine; nil is the machine's own, on which no test makes anything.
    package let network: HostNetwork?

    package init(binary: String = EngineFixture.builtBinary, network: HostNetwork? = nil) {
        self.binary = binary
        self.network = network
    }

    deinit {
        // Empty by now; it belongs to this engine alone.
        if let cgroup { rmdir(cgroup) }
    }

    // MARK: Commands

    /// `cfs` with this engine's folders.
    package func command(_ arguments: [String]) -> [String] {
        (network?.entering ?? []) + [binary, "--root", root, "--run", runFolder] + arguments
    }

    /// The same as the hints of errors write it.
    package var typed: String { "cfs --root \(root) --run \(runFolder)" }

    package static let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    package func start(
        _ arguments: [String], environment: [String: String] = [:], terminal: Terminal? = nil
    ) -> RunningCommand {
        var variables = ["PATH": Self.path, "LC_ALL": "C"]
        variables.merge(environment) { $1 }
        return RunningCommand(
            command(arguments), environment: variables, directory: folder.path, terminal: terminal?.inner)
    }

    /// Runs `cfs` to its end.
    @discardableResult
    package func run(
        _ arguments: [String], input: String? = nil, environment: [String: String] = [:], seconds: Double = 120
    ) -> CommandResult {
        start(arguments, environment: environment).finish(input: input, seconds: seconds)
    }

    @discardableResult
    package func run(_ arguments: String..., input: String? = nil, seconds: Double = 120) -> CommandResult {
        run(arguments, input: input, seconds: seconds)
    }

    /// Runs a shell script inside a new container, which is gone afterwards.
    package func inside(_ script: String, _ options: String..., image: String = "BusyBox") -> CommandResult {
        run(["run", "--rm"] + options + [image, "sh", "-c", script])
    }

    /// Runs a script on the host; `$CFS` stands for the command line of this engine.
    @discardableResult
    package func host(_ script: String, seconds: Double = 120) -> CommandResult {
        let environment = ["PATH": Self.path, "LC_ALL": "C", "CFS": command([]).joined(separator: " ")]
        return RunningCommand(
            (network?.entering ?? []) + ["/bin/bash", "-c", script], environment: environment, directory: folder.path
        )
        .finish(seconds: seconds)
    }

    /// A container that runs while `body` does, and is removed on every way out.
    package func withContainer<Result>(
        _ options: [String] = [], image: String = "BusyBox", _ command: [String] = ["sleep", "1000"],
        location: SourceLocation = #_sourceLocation, _ body: (_ id: String) throws -> Result
    ) throws -> Result {
        let started = run(["run", "-d"] + options + [image] + command)
        let id = started.text
        defer { if !id.isEmpty { run("rm", "-f", id) } }
        try #require(started.status == 0, "\(started.errors)", sourceLocation: location)
        return try body(id)
    }

    // MARK: What is there

    /// Parses what a command prints with `--format json`, or by itself as JSON.
    package func json(_ arguments: String..., location: SourceLocation = #_sourceLocation) throws -> JSONValue {
        let result = run(arguments)
        try #require(result.status == 0, "\(result.errors)", sourceLocation: location)
        return try JSONValue(parsing: result.bytes)
    }

    /// What is known of one container.
    package func inspect(_ container: String) throws -> JSONValue { try json("inspect", container)[0] }

    /// How the container ended; nil while it runs, and when there is none.
    package func exitCode(_ container: String) -> Int? {
        do {
            let state = try inspect(container)["State"]
            // The member is always there, 0 for what has not ended.
            guard state["Running"].bool == false, !["created", "dead"].contains(state["Status"].text) else {
                return nil
            }
            return state["ExitCode"].number.map { Int($0) }
        } catch {
            return nil
        }
    }

    /// The number of the container's first process, on the host.
    package func pid(_ container: String) throws -> Int32 {
        Int32(try #require(try inspect(container)["State"]["Pid"].number))
    }

    /// The number of the process beside the container.
    package func monitor(_ container: String) throws -> Int32 {
        let status = textOfFile("/proc/\(try pid(container))/status") ?? ""
        let line = status.split(separator: "\n").first { $0.hasPrefix("PPid:") }
        return try #require(line.flatMap { Int32($0.dropFirst(5).drop(while: \.isWhitespace)) })
    }

    /// Whether a process of the host has exactly these arguments.
    package static func isRunning(_ arguments: String...) -> Bool {
        let wanted = arguments.map { "\($0)\0" }.joined()
        return namesInFolder("/proc").contains { textOfFile("/proc/\($0)/cmdline") == wanted }
    }

    /// The folder of this engine's cgroups; nil on a host without cgroup v2.
    package var cgroup: String? {
        do {
            return try JSONValue(parsing: run("info", "--format", "json").bytes)["Cgroup"]["Folder"].text
        } catch {
            return nil
        }
    }

    package var leaks: Leaks { Leaks(root: root, run: runFolder, cgroup: cgroup) }

    /// The blobs and layers in the store.
    package var stored: [String] {
        namesInFolder("\(root)/blobs/sha256").sorted() + namesInFolder("\(root)/layers").sorted()
    }

    /// Fails unless nothing is left of any container: no mount, cgroup, process or folder.
    package func expectNothingLeft(location: SourceLocation = #_sourceLocation) {
        let cgroup = cgroup
        var found = Leaks(root: root, run: runFolder, cgroup: cgroup)
        // A monitor ends a moment after it has said how its container ended.
        _ = eventually {
            found = Leaks(root: root, run: runFolder, cgroup: cgroup)
            return found.isEmpty
        }
        #expect(found.isEmpty, "\(found)", sourceLocation: location)
    }
}
