import CFSLinux
import CFSModel
import CFSMonitor

extension Container {
    /// All that is known of the container, as JSON: names and nesting as users of Docker know them where there is such a
    /// name, and under `OCI` the configuration that it was started with.
    public func inspect() throws(CFSError) -> JSON {
        let row = try row()
        guard let record = try engine.record(of: row) else { throw gone }
        let request = try request()
        let process = request.spec.process
        let host = HostInspection(request: request)
        return [
            "Id": .string(id.text), "Name": .string(record.name), "Created": .string(Timestamp.text(record.createdAt)),
            "Path": .string(record.command.first ?? ""), "Args": JSON(Array(record.command.dropFirst())),
            "State": Self.state(record, try folder.readExit(), hasCheck: request.health != nil),
            "Image": .string(record.imageDigest), "ImageName": .string(record.image),
            "Config": [
                "Image": .string(record.image), "Hostname": .string(request.spec.hostname ?? ""),
                "User": .string(request.user),
                "Tty": .bool(process.terminal),
                "OpenStdin": .bool(request.interactive), "Env": JSON(process.env), "Cmd": JSON(record.command),
                "WorkingDir": .string(process.cwd), "Labels": JSON(record.labels),
                "StopSignal": .string(Signal.name(request.stopSignal)),
                "StopTimeout": request.stopTimeout.map { .integer(Int64($0)) } ?? .null,
                "Healthcheck": request.health.map { ImageHealthCheck($0).json } ?? .null,
            ],
            "HostConfig": host.json, "Mounts": host.mounts,
            "NetworkSettings": Self.networkSettings(request, record),
            "RestartCount": .integer(Int64(record.restarts)),
            "IDRange": record.idBase.map { ["First": .integer(Int64($0)), "Size": .integer(Int64(IDRanges.size))] }
                ?? .null,
            "GraphDriver": [
                "Name": "overlay",
                "Data": [
                    "LowerDirs": JSON(request.layers), "UpperDir": .string(folder.upperPath),
                    "WorkDir": .string(folder.workPath),
                ],
            ],
            "LogPath": request.log.isKept ? .string(folder.logPath) : .null,
            "SeccompFilter": request.seccompFilter.map(JSON.string) ?? .null,
            "CgroupPath": request.cgroupFolder.map { .string("\($0)/\(id.text)") } ?? .null, "OCI": request.spec.json,
        ]
    }

    /// The members that Docker has are always there: scripts ask for the exit status of whatever there is.
    private static func state(_ record: ContainerRecord, _ exit: ExitRecord?, hasCheck: Bool) -> JSON {
        var object = JSONObject([
            ("Status", .string(record.statusName)), ("Running", false), ("Paused", false),
            ("Restarting", .bool(record.restartsAt != nil)), ("OOMKilled", false),
            ("Dead", .bool(record.state == .dead)),
            ("Pid", 0), ("ExitCode", 0), ("Signal", .null), ("Reason", .null), ("Warnings", .array([])),
            ("OutOfMemory", .null),
        ])
        switch record.state {
        case .created, .dead: break
        case .running(let pid), .paused(let pid), .stopping(let pid):
            object["Running"] = true
            object["Paused"] = .bool(record.state == .paused(pid: pid))
            object["Pid"] = .integer(Int64(pid))
        case .exited(let status, let reason):
            object["ExitCode"] = .integer(Int64(status))
            object["OOMKilled"] = .bool(exit?.outOfMemory != nil)
            object["Signal"] = exit?.signal.map { .string(Signal.name($0)) } ?? .null
            object["Reason"] = reason.map(JSON.string) ?? .null
            object["Warnings"] = JSON(exit?.warnings ?? [])
            object["OutOfMemory"] = exit?.outOfMemory?.json ?? .null
        }
        if !record.damage.isEmpty { object["Damage"] = JSON(record.damage) }
        object["Health"] = .null
        if let health = record.health ?? (hasCheck ? Health() : nil) {
            object["Health"] = [
                // Nobody checks what does not run.
                "Status": .string(record.health?.status.rawValue ?? "none"),
                "FailingStreak": .integer(Int64(health.failures)),
                "Log": .array(
                    health.results.map {
                        [
                            "Start": .string(Timestamp.text($0.startedAt)),
                            "End": .string(Timestamp.text($0.finishedAt)),
                            "ExitCode": .integer(Int64($0.status)), "Output": .string($0.output),
                        ]
                    }),
            ]
        }
        object["StartedAt"] = record.startedAt.map { .string(Timestamp.text($0)) } ?? .null
        object["FinishedAt"] = record.finishedAt.map { .string(Timestamp.text($0)) } ?? .null
        return .object(object)
    }

    /// How long each phase of the start took, in the order in which they came.
    ///
    /// - Throws: `invalidState` before the first start.
    public func timing() throws(CFSError) -> [PhaseTime] {
        if let exit = try folder.readExit() { return exit.timing }
        if let live = try folder.readState() { return live.timing }
        throw CFSError(
            .invalidState, .looking, "the container \(try row().name) has not been started: there is nothing to time")
    }
}
