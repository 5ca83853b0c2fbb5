import CFSCgroups
import CFSLinux
import CFSModel
import Glibc

/// `list` and `ps`.
enum ListingCommands {
    static let list = RuntimeCommand(
        names: ["list"], usage: "", summary: "list the containers",
        options: [
            .value("format", "f", placeholder: "table|json", help: "how to print them (default: table)"),
            .flag("quiet", "q", help: "print ids only"),
        ]
    ) { arguments, context throws(CFSError) in
        var entries: [JSON] = []
        for id in try context.store.ids() {
            do throws(CFSError) {
                entries.append(try context.store.load(id).listing())
            } catch {
                // Removed meanwhile, or never finished.
                if error.code == .containerNotFound { continue }
                guard error.code == .invalidState else { throw error }
                context.log.warning(error.description)
            }
        }
        if arguments.has("quiet") {
            try StandardOutput.write(entries.map { "\($0["id"]?.string ?? "")\n" }.text(separator: ""))
            return 0
        }
        switch arguments["format"] {
        case nil, "table":
            let rows = entries.map { entry in
                [
                    entry["id"]?.string ?? "", "\(entry["pid"]?.integer ?? 0)", entry["status"]?.string ?? "",
                    entry["bundle"]?.string ?? "", entry["created"]?.string ?? "", entry["owner"]?.string ?? "",
                ]
            }
            try StandardOutput.write(table([["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"]] + rows))
        case "json": try StandardOutput.write((entries.isEmpty ? JSON.null : .array(entries)).text() + "\n")
        case let other?: throw RuntimeArguments.fault("invalid format \"\(other)\": it must be table or json")
        }
        return 0
    }

    private static func table(_ rows: [[String]]) -> String {
        let widths = rows[0].indices.map { column in rows.map { $0[column].utf8.count }.max() ?? 0 }
        var text = ""
        for row in rows {
            for (column, cell) in row.enumerated() {
                text += cell
                if column < row.count - 1 {
                    text += String(repeating: " ", count: widths[column] - cell.utf8.count + 3)
                }
            }
            text += "\n"
        }
        return text
    }

    static let processes = RuntimeCommand(
        names: ["ps"], usage: "CONTAINER [PS OPTIONS]", summary: "list the processes of a container",
        options: [.value("format", "f", placeholder: "table|json", help: "how to print them (default: table)")]
    ) { arguments, context throws(CFSError) in
        let container = try context.store.load(try arguments.container(atMost: Int.max))
        guard try container.status() != .stopped else {
            throw CFSError(.containerNotRunning, .looking, "container not running")
        }
        let cgroup = try container.cgroup()
        let pids = try cgroup?.processesBelow().sorted() ?? [container.document.pid]
        switch arguments["format"] {
        case "json":
            try StandardOutput.write(JSON.array(pids.map { .integer(Int64($0)) }).text() + "\n")
        case nil, "table":
            try StandardOutput.write(try processTable(pids, Array(arguments.rest.dropFirst())))
        case let other?: throw RuntimeArguments.fault("invalid format \"\(other)\": it must be table or json")
        }
        return 0
    }

    /// What ps(1) of the host says, of these processes.
    private static func processTable(_ pids: [Int32], _ options: [String]) throws(CFSError) -> String {
        let text = try HostProgram.output(of: "ps", options.isEmpty ? ["-ef"] : options)
        var lines = text.split(separator: "\n", omittingEmptySubsequences: true)
        guard let heading = lines.first,
            let column = heading.split(separator: " ").firstIndex(of: "PID")
        else {
            throw CFSError(.invalidArgument, .looking, "couldn't find PID field in ps output")
        }
        lines.removeFirst()
        let wanted = Set(pids)
        let kept = lines.filter { line in
            let fields = line.split(separator: " ")
            return fields.indices.contains(column) && Int32(fields[column]).map(wanted.contains) ?? false
        }
        return ([heading] + kept).map { "\($0)\n" }.text(separator: "")
    }
}

/// Programs of the host, found in PATH.
enum HostProgram {
    static func path(of name: String) -> String? {
        let folders = getenv("PATH").map { String(cString: $0) } ?? "/usr/sbin:/usr/bin:/sbin:/bin"
        for folder in folders.split(separator: ":") where access("\(folder)/\(name)", X_OK) == 0 {
            return "\(folder)/\(name)"
        }
        return nil
    }

    /// Runs a program to its end.
    ///
    /// - Returns: what it wrote on standard output.
    static func output(of name: String, _ arguments: [String]) throws(CFSError) -> String {
        guard let path = path(of: name) else {
            throw CFSError(.commandNotFound, .looking, "the program \(name) is not in PATH", path: name, errno: ENOENT)
        }
        let output = try MemoryFile.make("output")
        let pid = try Spawn.start(
            path, [name] + arguments, environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"],
            descriptors: [(1, from: output.raw)], newSession: false)
        guard let process = try ProcessControl.open(pid: pid),
            let end = try ProcessControl.reap(process.raw, wait: true)
        else { throw CFSError(.systemCallFailed, .looking, "\(name) cannot be waited for") }
        guard end == .exited(0) else {
            throw CFSError(.systemCallFailed, .looking, "\(name) ended with status \(end.status)")
        }
        guard lseek(output.raw, 0, SEEK_SET) == 0 else { throw CFSError(kernel: errno, "lseek", .looking) }
        return String(decoding: try File.readAll(output.raw), as: UTF8.self)
    }
}
