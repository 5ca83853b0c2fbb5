import CFSLinux
import CFSModel
import CFSMonitor

extension Engine {
    /// Finds the namespaces of other containers, and of paths, that a container asks for.
    func join(_ choices: NamespaceChoices, _ surroundings: inout ContainerPlan.Surroundings) throws(CFSError) {
        for (kind, choice) in choices.byKind {
            switch choice {
            case .private, .host: continue
            case .path(let path): surroundings.joins[kind] = path
            case .container(let reference):
                // The kernel's files have the OCI's names, but for one.
                let file = kind == "network" ? "net" : kind
                surroundings.joins[kind] = "/proc/\(try runningPID(reference))/ns/\(file)"
            }
        }
        if let path = surroundings.joins["user"] { surroundings.joinedMappings = try Self.mappings(behind: path) }
    }

    /// The containers whose namespaces are shared, by kind: their ids, since names change.
    func joined(_ choices: NamespaceChoices) throws(CFSError) -> [MonitorRequest.Join] {
        var joins: [MonitorRequest.Join] = []
        for (kind, choice) in choices.byKind {
            guard case .container(let reference) = choice else { continue }
            joins.append(MonitorRequest.Join(kind: kind, container: try container(reference).id))
        }
        return joins
    }

    /// The configuration of the container whose network namespace is shared; nil for none.
    func joinedNetwork(_ joins: [MonitorRequest.Join]) -> MonitorRequest? {
        joins.first { $0.kind == "network" }.flatMap { Self.request(of: folder($0.container)) }
    }

    /// Finds the namespaces of other containers anew: with every start they have another process. Writes the
    /// configuration when it has changed.
    func rejoin(_ request: inout MonitorRequest, _ folder: ContainerFolder) throws(CFSError) {
        guard !request.joins.isEmpty else { return }
        for join in request.joins {
            let file = join.kind == "network" ? "net" : join.kind
            let path = "/proc/\(try runningPID(join.container.text))/ns/\(file)"
            for index in request.spec.linux.namespaces.indices
            where request.spec.linux.namespaces[index].type == join.kind {
                request.spec.linux.namespaces[index].path = path
            }
            guard join.kind == "user" else { continue }
            let mappings = try Self.mappings(behind: path)
            (request.spec.linux.uidMappings, request.spec.linux.gidMappings) = (mappings, mappings)
        }
        try AtomicFile.write(request.json.bytes(), to: folder.configPath, durable: false)
    }

    private func runningPID(_ reference: String) throws(CFSError) -> Int32 {
        let record = try container(reference).record()
        guard let pid = record.state.pid else {
            throw CFSError(
                .containerNotRunning, .preparing,
                "the container \(record.name) is not running: it has no namespaces to join",
                hint: "start it again, or join another")
        }
        return pid
    }

    /// The id map of a user namespace that is named by one of its processes: the kernel shows it nowhere else.
    private static func mappings(behind path: String) throws(CFSError) -> [RuntimeSpec.IDRange] {
        let suffix = "/ns/user"
        guard path.hasPrefix("/proc/"), path.hasSuffix(suffix) else {
            throw CFSError(
                .invalidArgument, .preparing, "the user namespace \(path) is not named by a process", path: path,
                hint: "write /proc/PID/ns/user: its id map is read from there")
        }
        let text = String(decoding: try File.readAll(at: "\(path.dropLast(suffix.count))/uid_map"), as: UTF8.self)
        var ranges: [RuntimeSpec.IDRange] = []
        for line in text.split(separator: "\n") {
            let numbers = line.split(separator: " ").compactMap { UInt32($0) }
            guard numbers.count == 3 else { continue }
            ranges.append(RuntimeSpec.IDRange(containerID: numbers[0], hostID: numbers[1], size: numbers[2]))
        }
        return ranges
    }
}
