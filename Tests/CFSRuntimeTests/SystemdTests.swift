import CFSModel
import Testing

@testable import CFSRuntime

@Suite("What systemd is asked, and what it answers")
struct SystemdTests {
    // MARK: Names

    @Test(
        "SLICE:PREFIX:NAME is a scope in a slice, which lies in the slices that its name begins with",
        arguments: [
            ("test-a.slice:cfs:one", "test-a.slice", "cfs-one.scope", "/test.slice/test-a.slice/cfs-one.scope"),
            (":cri:0af", "system.slice", "cri-0af.scope", "/system.slice/cri-0af.scope"),
            ("-.slice::one", "-.slice", "one.scope", "/one.scope"),
            ("", "system.slice", "cfs-id.scope", "/system.slice/cfs-id.scope"),
            ("a.slice:p:b.slice", "a.slice", "b.slice", "/a.slice/b.slice"),
        ])
    func names(text: String, slice: String, name: String, path: String) throws {
        let unit = try SystemdUnit(text, id: "id")
        #expect(unit.slice == slice && unit.name == name && unit.path == path)
        #expect(unit.isScope == name.hasSuffix(".scope") && unit.isPlain)
    }

    @Test(
        "another form, no name or no slice is an error",
        arguments: ["/a/b", "a:b", "a.slice:b:", "a:b:c", "a/b.slice:c:d"])
    func wrongNames(text: String) {
        let error = #expect(throws: CFSError.self) { try SystemdUnit(text, id: "id") }
        #expect(error?.code == .invalidConfiguration)
    }

    @Test(
        "what is no name of a unit is not sent",
        arguments: ["a.slice:cfs:o ne", "a.slice:cfs:o\0ne", "a.slice:cfs:ö"])
    func unspeakable(text: String) throws {
        let bus = PlayedBus.greeting()
        let manager = SystemdManager(try DBusConnection(bus.client, milliseconds: 5000))
        _ = bus.heard()
        let unit = try SystemdUnit(text, id: "id")
        let error = #expect(throws: CFSError.self) { try manager.start(unit, description: "d", pid: 42) }
        #expect(error?.code == .invalidConfiguration)
        #expect(bus.heard().isEmpty)
    }

    // MARK: Scopes

    private static let job = "/org/freedesktop/systemd1/job/6"

    /// systemd behind a bus, with whom two calls have been made: the bus's greeting and the rule for signals.
    private static func played() -> PlayedBus {
        let bus = PlayedBus.greeting()
        bus.say(PlayedBus.message(.answer, answers: 2, from: "org.freedesktop.DBus"))
        return bus
    }

    private static func answer(_ serial: UInt32, object: String) -> [UInt8] {
        PlayedBus.message(.answer, answers: serial, "o") { $0.text(object) }
    }

    private static func answer(_ serial: UInt32, property: String) -> [UInt8] {
        PlayedBus.message(.answer, answers: serial, "v") { $0.variant(property) }
    }

    private static func failure(_ serial: UInt32, _ name: String, _ text: String) -> [UInt8] {
        PlayedBus.message(.failure, answers: serial, error: name, "s") { $0.text(text) }
    }

    private static func removed(_ job: String, _ result: String, from sender: String = ":1.0") -> [UInt8] {
        PlayedBus.message(
            .signal, from: sender, interface: "org.freedesktop.systemd1.Manager", member: "JobRemoved", "uoss"
        ) {
            $0.number(6)
            $0.text(job)
            $0.text("cfs-one.scope")
            $0.text(result)
        }
    }

    private func start(_ bus: PlayedBus) throws -> String {
        let manager = SystemdManager(try DBusConnection(bus.client, milliseconds: 2000))
        return try manager.start(
            try SystemdUnit("test-a.slice:cfs:one", id: "id"), description: "container id", pid: 42)
    }

    @Test("a scope is there when its own job is done, whatever others send; its cgroup is the one that systemd says")
    func started() throws {
        let bus = Self.played()
        // Before its answer, by somebody else, and of another job.
        bus.say(Self.removed(Self.job, "failed", from: ":1.9"))
        bus.say(Self.answer(3, object: Self.job))
        bus.say(Self.removed("/org/freedesktop/systemd1/job/7", "failed"))
        bus.say(Self.removed(Self.job, "done"))
        bus.say(Self.answer(4, object: "/org/freedesktop/systemd1/unit/cfs_2done_2escope"))
        bus.say(Self.answer(5, property: "/host/test.slice/test-a.slice/cfs-one.scope"))
        #expect(try start(bus) == "/host/test.slice/test-a.slice/cfs-one.scope")
        let heard = bus.heard()
        for word in [
            "StartTransientUnit", "ssa(sv)a(sa(sv))", "cfs-one.scope", "test-a.slice", "Delegate", "PIDs",
            "CollectMode", "inactive-or-failed", "DefaultDependencies", "container id", "member='JobRemoved'",
            "TasksMax",
        ] {
            #expect(heard.contains(word), "\(word)")
        }
        #expect(!heard.contains("ResetFailedUnit"))
    }

    @Test("a unit of that name that lives is an error that names it")
    func taken() throws {
        let bus = Self.played()
        bus.say(Self.failure(3, "org.freedesktop.systemd1.UnitExists", "Unit cfs-one.scope was already loaded"))
        bus.say(Self.answer(4, object: "/unit"))
        bus.say(Self.answer(5, property: "active"))
        let error = #expect(throws: CFSError.self) { try start(bus) }
        #expect(error?.code == .conflict && error?.message == "systemd has a unit cfs-one.scope already")
        #expect(!bus.heard().contains("ResetFailedUnit"))
    }

    @Test("one that has failed is forgotten, and the scope is started, once", arguments: [true, false])
    func leftOver(isGone: Bool) throws {
        let bus = Self.played()
        bus.say(Self.failure(3, "org.freedesktop.systemd1.UnitExists", "Unit cfs-one.scope was already loaded"))
        bus.say(Self.answer(4, object: "/unit"))
        bus.say(Self.answer(5, property: "failed"))
        bus.say(PlayedBus.message(.answer, answers: 6))
        if isGone {
            bus.say(Self.answer(7, object: Self.job))
            bus.say(Self.removed(Self.job, "done"))
            bus.say(Self.answer(8, object: "/unit"))
            bus.say(Self.answer(9, property: "/system.slice/cfs-one.scope"))
            #expect(try start(bus) == "/system.slice/cfs-one.scope")
        } else {
            bus.say(Self.failure(7, "org.freedesktop.systemd1.UnitExists", "Unit cfs-one.scope was already loaded"))
            let error = #expect(throws: CFSError.self) { try start(bus) }
            #expect(error?.message.contains("cfs-one.scope") == true)
        }
        #expect(bus.heard().contains("ResetFailedUnit"))
    }

    @Test("what systemd refuses is told in its own words, and a job that fails by its result")
    func refused() {
        let refusing = Self.played()
        refusing.say(Self.failure(3, "org.freedesktop.DBus.Error.AccessDenied", "Permission denied"))
        var error = #expect(throws: CFSError.self) { try start(refusing) }
        #expect(error?.message.contains("Permission denied (org.freedesktop.DBus.Error.AccessDenied)") == true)
        let failing = Self.played()
        failing.say(Self.answer(3, object: Self.job))
        failing.say(Self.removed(Self.job, "failed"))
        error = #expect(throws: CFSError.self) { try start(failing) }
        #expect(error?.message == "systemd cannot start cfs-one.scope: its job has ended as \"failed\"")
    }

    @Test(
        "an answer of other kinds, or a cgroup that is none of the unit's own, is an error",
        arguments: ["", "/", "a", "/a/../.."])
    func wrongAnswers(group: String) {
        let bus = Self.played()
        bus.say(Self.answer(3, object: Self.job))
        bus.say(Self.removed(Self.job, "done"))
        bus.say(Self.answer(4, object: "/unit"))
        bus.say(Self.answer(5, property: group))
        #expect(throws: CFSError.self) { try start(bus) }
        let other = Self.played()
        other.say(PlayedBus.message(.answer, answers: 3, "u") { $0.number(1) })
        #expect(throws: CFSError.self) { try start(other) }
    }

    @Test("a unit that is gone need not be ended; one that is there has ended with its job")
    func stopped() throws {
        let gone = Self.played()
        gone.say(Self.failure(3, "org.freedesktop.systemd1.NoSuchUnit", "Unit cfs-one.scope not loaded."))
        try SystemdManager(try DBusConnection(gone.client, milliseconds: 2000)).stop("cfs-one.scope")
        let there = Self.played()
        there.say(Self.answer(3, object: Self.job))
        let manager = SystemdManager(try DBusConnection(there.client, milliseconds: 500))
        #expect(throws: CFSError.self) { try manager.stop("cfs-one.scope") }
        there.say(Self.answer(4, object: Self.job))
        there.say(Self.removed(Self.job, "done"))
        try manager.stop("cfs-one.scope")
    }
}
