import CFSLinux
import CFSModel

/// systemd, asked by the system bus for scopes (org.freedesktop.systemd1(5)).
final class SystemdManager {
    static let busName = "org.freedesktop.systemd1"
    private static let path = "/org/freedesktop/systemd1"
    private static let interface = "org.freedesktop.systemd1.Manager"
    private static let jobRule =
        "type='signal',sender='\(busName)',path='\(path)',interface='\(interface)',member='JobRemoved'"

    /// Nil once it is closed.
    private var connection: DBusConnection?
    private var watchesJobs = false

    init(_ bus: DBusConnection) { connection = bus }

    /// Ends the connection: a container's process, which begins as a copy of this one, has no use for it.
    func close() { (connection, watchesJobs) = (nil, false) }

    private var bus: DBusConnection {
        get throws(CFSError) {
            if let connection { return connection }
            throw CFSError(.invalidState, .limiting, "the connection to the system bus is closed")
        }
    }

    /// Nil where systemd does not run (sd_booted(3)), or has no bus. Nothing of the environment has a say in where that is.
    static func find(milliseconds: Int32 = 30_000) throws(CFSError) -> SystemdManager? {
        guard File.statusIfThere("/run/systemd/system")?.isDirectory == true,
            let bus = try DBusConnection.connect(to: "/run/dbus/system_bus_socket", milliseconds: milliseconds)
        else { return nil }
        return SystemdManager(bus)
    }

    /// Whether systemd has a unit of that name, or remembers one.
    func knows(_ name: String) throws(CFSError) -> Bool { try ask("GetUnit", [name]).kind == .answer }

    /// Starts a scope around a process, and waits until it is there. What a failure has begun ends with that process.
    ///
    /// - Returns: its cgroup, from the root of the hierarchy that systemd uses.
    /// - Throws: `conflict` with the unit's name when there is one of that name, or with systemd's own words.
    func start(_ unit: SystemdUnit, description: String, pid: Int32) throws(CFSError) -> String {
        guard unit.isPlain else {
            throw CFSError(
                .invalidConfiguration, .limiting,
                "linux.cgroupsPath: systemd takes no unit \"\(unit.name)\" in a slice \"\(unit.slice)\"",
                hint: "letters, digits, ':', '-', '_', '.', '\\' and '@' make a name")
        }
        try watchJobs()
        var answer = try startTransient(unit, description, pid)
        // One that has failed keeps its name until somebody has seen it.
        if answer.errorName == "\(Self.busName).UnitExists", try isOver(unit.name) {
            _ = try ask("ResetFailedUnit", [unit.name])
            answer = try startTransient(unit, description, pid)
        }
        if answer.errorName == "\(Self.busName).UnitExists" {
            throw CFSError(
                .conflict, .limiting, "systemd has a unit \(unit.name) already",
                hint: "another container uses it: linux.cgroupsPath must name a unit of its own")
        }
        let result = try endOfJob(try success(answer, "start \(unit.name)"))
        guard result == "done" else {
            throw CFSError(
                .conflict, .limiting, "systemd cannot start \(unit.name): its job has ended as \"\(result)\"",
                hint: "journalctl -u \(unit.name) may have more")
        }
        var found = try success(try ask("GetUnit", [unit.name]), "find \(unit.name)").values("o")
        let group = try property("ControlGroup", "\(Self.busName).Scope", of: try found.text())
        guard group.isAbsolutePath, !group.pathNames.isEmpty, !group.pathNames.contains("..") else {
            throw CFSError(.conflict, .limiting, "systemd has put \(unit.name) into no cgroup of its own: \"\(group)\"")
        }
        return group
    }

    /// Ends a unit with all that lives in it, and waits for that; one that is not there is fine.
    func stop(_ name: String) throws(CFSError) {
        try watchJobs()
        let answer = try ask("StopUnit", [name, "replace"])
        if answer.errorName == "\(Self.busName).NoSuchUnit" { return }
        _ = try endOfJob(try success(answer, "stop \(name)"))
    }

    private func startTransient(
        _ unit: SystemdUnit, _ description: String, _ pid: Int32
    ) throws(CFSError) -> DBusMessage {
        var body = DBusWriter()
        body.text(unit.name)
        body.text("replace")
        body.array(of: 8) { properties in
            properties.align(8)
            properties.text("Description")
            properties.variant(description)
            properties.align(8)
            properties.text("Slice")
            properties.variant(unit.slice)
            // What lies below it is ours: neither limits nor controllers there are systemd's.
            properties.align(8)
            properties.text("Delegate")
            properties.variant(true)
            properties.align(8)
            properties.text("DefaultDependencies")
            properties.variant(false)
            properties.align(8)
            properties.text("PIDs")
            properties.variant([UInt32(bitPattern: pid)])
            // Else it has the manager's DefaultTasksMax=, above whatever limit the container has.
            properties.align(8)
            properties.text("TasksMax")
            properties.variant(UInt64.max)
            // Its name is free again, however it has ended.
            properties.align(8)
            properties.text("CollectMode")
            properties.variant("inactive-or-failed")
        }
        // No further units.
        body.array(of: 8) { _ in }
        return try ask("StartTransientUnit", "ssa(sv)a(sa(sv))", body)
    }

    /// Whether a unit has ended and is only remembered, or is gone meanwhile.
    private func isOver(_ name: String) throws(CFSError) -> Bool {
        let answer = try ask("GetUnit", [name])
        if answer.kind == .failure { return true }
        var values = try answer.values("o")
        let state = try property("ActiveState", "\(Self.busName).Unit", of: try values.text())
        return state == "failed" || state == "inactive"
    }

    // MARK: Jobs

    /// Before the first job: one may have ended before its caller hears of it.
    private func watchJobs() throws(CFSError) {
        guard !watchesJobs else { return }
        try bus.watch(Self.jobRule, interface: Self.interface, member: "JobRemoved")
        watchesJobs = true
    }

    /// - Returns: how the job of this answer has ended: `done`, `failed`, `canceled`, ...
    private func endOfJob(_ answer: DBusMessage) throws(CFSError) -> String {
        var values = try answer.values("o")
        let job = try values.text()
        var result = ""
        try bus.signal { signal throws(CFSError) in
            // Anybody may send such a signal to anybody; whose it is, the bus says.
            guard signal.sender == answer.sender else { return false }
            var values = try signal.values("uoss")
            _ = try values.number()
            guard try values.text() == job else { return false }
            _ = try values.text()
            result = try values.text()
            return true
        }
        return result
    }

    // MARK: Calls

    private func ask(_ member: String, _ words: [String]) throws(CFSError) -> DBusMessage {
        var body = DBusWriter()
        for word in words { body.text(word) }
        return try ask(member, String(repeating: "s", count: words.count), body)
    }

    private func ask(_ member: String, _ signature: String, _ body: DBusWriter) throws(CFSError) -> DBusMessage {
        try bus.call(
            DBusCall(
                destination: Self.busName, path: Self.path, interface: Self.interface, member: member,
                signature: signature, body: body))
    }

    private func property(_ name: String, _ interface: String, of path: String) throws(CFSError) -> String {
        var body = DBusWriter()
        body.text(interface)
        body.text(name)
        let answer = try bus.call(
            DBusCall(
                destination: Self.busName, path: path, interface: "org.freedesktop.DBus.Properties", member: "Get",
                signature: "ss", body: body))
        var values = try success(answer, "tell \(name)").values("v")
        guard try values.signature() == "s" else { throw DBusReader.broken }
        return try values.text()
    }

    private func success(_ answer: DBusMessage, _ what: String) throws(CFSError) -> DBusMessage {
        guard answer.kind == .failure else { return answer }
        throw CFSError(
            .conflict, .limiting, "systemd cannot \(what): \(try answer.failureText()) (\(answer.errorName))")
    }
}
