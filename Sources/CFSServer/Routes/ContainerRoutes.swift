import CFSCore
import CFSLinux
import CFSOptions
import HTTPTypes
import HummingbirdCore

/// Containers: what there is, and what can be done to one.
enum ContainerRoutes {
    static let all: [Route] = lists + single + verbs + reports

    private static let lists: [Route] = [
        Route(
            .get, "/containers", "containers", "What runs, by id, newest first",
            query: [
                .init(name: "all", schema: Schemas.flag, summary: "Those that do not run, too"), Page.limit, Page.after,
            ],
            answer: .init(schema: Schemas.map(of: Schemas.container))
        ) { call in
            let all = try call.query.flag("all")
            let page = try Page(call)
            if !all, page.isWhole {
                if let kept = call.service.running.current() { return .json(kept) }
                return .json(try await call.work.quick { try call.service.running.read(call.engine) })
            }
            return try await call.work.quick {
                var records = try call.engine.containers()
                if !all { records.removeAll { $0.state.pid == nil } }
                let (items, headers) = try page.cut(
                    records, "/containers", all ? [("all", "true")] : [], { Place($0).text }
                ) { last in
                    let place = Place(last) ?? records.first { $0.id.text == last }.map { Place($0) }
                    return place.map { place in { place.isBefore($0) } }
                }
                let stopped = try call.engine.stopped(among: items)
                let members = items.map { record in
                    let document = ContainerDocument.json(record, isStopped: stopped.contains(record.id))
                    return (record.id.text, JSON.object(document))
                }
                return .json(.object(JSONObject(members)), headers: headers)
            }
        },
        Route(
            .get, "/history", "containers", "All that ever ran, oldest first",
            query: [Page.limit, Page.after], answer: .init(schema: Schemas.list(of: Schemas.historyEntry))
        ) { call in
            let page = try Page(call)
            return try await call.work.quick {
                let runs = ContainerDocument.runs(try call.engine.history())
                let (items, headers) = try page.cut(runs, "/history", [], { $0["number"].map { $0.text() } ?? "" }) {
                    last in
                    Int64(last).map { number in { run in run["number"]?.integer.map { $0 > number } ?? false } }
                }
                return .json(.array(items), headers: headers)
            }
        },
    ]

    private static let single: [Route] = [
        Route(
            .get, "/containers/{id}", "containers", "One container", answer: .init(schema: Schemas.container)
        ) { call in
            try await call.work.quick {
                .json(.object(try ContainerDocument.json(try call.container().record(), call.engine)))
            }
        },
        Route(
            .delete, "/containers/{id}", "containers", "Remove a container with all that it wrote",
            query: [.init(name: "force", schema: Schemas.flag, summary: "Kill it first when it runs")],
            answer: .init(schema: Schemas.container)
        ) { call in
            let force = try call.query.flag("force")
            return try await call.work.long {
                let container = try call.container()
                let record = try container.record()
                let document = try ContainerDocument.json(record, call.engine)
                try container.remove(force: force)
                return .json(.object(document))
            }
        },
    ]

    /// Where a container stands in the list, newest first: it keeps its place when it is gone.
    private struct Place {
        let createdAt: UInt64
        let id: String

        var text: String { "\(createdAt).\(id)" }

        init(_ record: ContainerRecord) { (createdAt, id) = (record.createdAt, record.id.text) }

        init?(_ text: String) {
            let parts = text.split(separator: ".", omittingEmptySubsequences: false)
            guard parts.count == 2, let time = UInt64(parts[0]), !parts[1].isEmpty else { return nil }
            (createdAt, id) = (time, String(parts[1]))
        }

        func isBefore(_ record: ContainerRecord) -> Bool {
            record.createdAt == createdAt ? record.id.text > id : record.createdAt < createdAt
        }
    }

    /// Something that is done to a container, which is the answer.
    ///
    /// - Parameters:
    ///   - wait: what holds no thread, before anything that does.
    ///   - perform: the rest.
    private static func verb(
        _ name: String, _ summary: String, _ fields: [(String, JSON)] = [],
        wait: (@Sendable (Call, Container, JSONObject) async throws -> Void)? = nil,
        _ perform: @escaping @Sendable (Container, JSONObject) throws -> Void
    ) -> Route {
        Route(
            .post, "/containers/{id}/\(name)", "containers", summary,
            body: .object(Schemas.object(fields), isRequired: false), answer: .init(schema: Schemas.container)
        ) { call in
            let object = try await call.object()
            for (key, _) in object.entries where !fields.contains(where: { $0.0 == key }) {
                throw ServerError(
                    .invalidRequest, "unknown field \(key.prefix(100))",
                    hint: fields.isEmpty ? "this takes none" : "known here: \(fields.map(\.0).joined(separator: ", "))")
            }
            let (container, before) = try await call.work.quick {
                let container = try call.container()
                return (container, try container.record())
            }
            if let wait { try await wait(call, container, object) }
            return try await call.work.long {
                try perform(container, object)
                do throws(CFSError) {
                    return .json(.object(try ContainerDocument.json(try container.record(), call.engine)))
                } catch {
                    // It removes itself at its end.
                    guard error.code == .containerNotFound, before.autoRemove else { throw error }
                    var object = ContainerDocument.json(before, isStopped: true)
                    (object["state"], object["status"], object["pid"]) = ("Stopped", "exited", nil)
                    return .json(.object(object))
                }
            }
        }
    }

    private static let verbs: [Route] = [
        verb("start", "Start a container that was created or has ended") { container, _ in
            _ = try container.start(.none)
        },
        verb("stop", "Ask a container to end, and kill it when it does not", [("time", Schemas.seconds)], wait: stop) {
            _, _ in
        },
        verb("restart", "Stop and start a container", [("time", Schemas.seconds)], wait: stopStarted) { container, _ in
            _ = try container.restart()
        },
        verb("kill", "Send a signal to a container", [("signal", Schemas.signal)]) { container, object in
            try container.signal(try signal(object["signal"]))
        },
        verb("pause", "Make a container stand still") { container, _ in try container.pause() },
        verb("unpause", "Let a paused container go on") { container, _ in try container.unpause() },
        verb("rename", "Give a container another name", [("name", Schemas.text)]) { container, object in
            guard let name = object["name"]?.string else {
                throw ServerError(.invalidRequest, "the field name is missing")
            }
            try container.rename(to: name)
        },
    ]

    @Sendable private static func stop(_ call: Call, _ container: Container, _ object: JSONObject) async throws {
        try await call.stop(container, seconds: try RunRequest.seconds(object["time"]))
    }

    /// One that was never started needs no end before it is started.
    @Sendable private static func stopStarted(_ call: Call, _ container: Container, _ object: JSONObject) async throws {
        let seconds = try RunRequest.seconds(object["time"])
        guard try await call.work.quick({ try container.record().state != .created }) else { return }
        try await call.stop(container, seconds: seconds)
    }

    private static func signal(_ value: JSON?) throws -> Int32 {
        switch value {
        case nil, .null?: return 9
        case .string(let name)?: return try Signal.number(name)
        case .integer(let number)?: return try Signal.number("\(number)")
        case let value?: throw ServerError(.invalidRequest, "signal does not take \(value.text().prefix(100))")
        }
    }

    private static let reports: [Route] = [
        Route(
            .get, "/containers/{id}/top", "containers", "The processes of a container",
            answer: .init(schema: Schemas.anyObject)
        ) { call in
            try await call.work.quick {
                let processes = try call.container().processes()
                return .json(["processes": .array(processes.map(ReportDocument.process))])
            }
        },
        Route(
            .get, "/containers/{id}/inspect", "containers", "All that is known of a container",
            answer: .init(schema: Schemas.anyObject)
        ) { call in try await call.work.quick { .json(try call.container().inspect()) } },
        Route(
            .get, "/containers/{id}/timing", "containers", "How long the phases of its last start took",
            answer: .init(schema: Schemas.anyObject)
        ) { call in
            try await call.work.quick {
                .json(["phases": .array(try call.container().timing().map(ReportDocument.phase))])
            }
        },
        Route(
            .get, "/containers/{id}/isolation", "containers", "What the kernel says that holds for it",
            answer: .init(schema: Schemas.anyObject)
        ) { call in
            try await call.work.quick {
                .json(["facts": .array(try call.container().isolation().map(ReportDocument.fact))])
            }
        },
        Route(
            .get, "/containers/{id}/diff", "containers", "What it has changed of its image's files",
            answer: .init(schema: Schemas.anyObject)
        ) { call in
            try await call.work.long {
                .json(["changes": .array(try call.container().diff().map(ReportDocument.change))])
            }
        },
        Route(
            .get, "/containers/{id}/wait", "containers", "Wait for its end",
            query: [
                .init(
                    name: "condition", schema: Schemas.choice(["not-running", "removed"]),
                    summary: "What is waited for (default: not-running)")
            ],
            answer: .init(schema: Schemas.ended)
        ) { call in try await wait(call) },
        Route(
            .post, "/containers/{id}/exec", "containers", "Run one more command in a container",
            body: .object(Schemas.exec, isRequired: true), answer: .init(schema: Schemas.anyObject)
        ) { call in try await execute(call) },
    ]

    private static func wait(_ call: Call) async throws -> Response {
        let condition: WaitCondition
        switch try call.query.text("condition") {
        case nil, "not-running": condition = .notRunning
        case "removed": condition = .removed
        case let text?: throw call.query.wrong("condition", text, "write not-running or removed")
        }
        let (id, pending) = try await call.work.quick {
            let container = try call.container()
            return (container.id, try container.beginWait(condition))
        }
        while true {
            if let status = try await call.work.quick({ try pending.poll() }) {
                var object = JSONObject([("id", .string(id.text)), ("exitCode", .integer(Int64(status.code)))])
                object["signal"] = status.signal.map { .integer(Int64($0)) }
                object["reason"] = status.reason.map(JSON.string)
                return .json(.object(object))
            }
            do {
                try await call.service.watch.wait(reading: pending.descriptors, until: call.hangup)
            } catch is CancellationError where call.hangup.hasHappened {
                throw ServerError(
                    .invalidRequest, "the caller has closed its side of the connection, and waits no longer",
                    hint: "keep it open until the answer has come")
            }
        }
    }

    private static func execute(_ call: Call) async throws -> Response {
        let (request, detaches) = try ExecRequest.read(try await call.object())
        let (session, output, error) = try await call.work.long {
            let (output, error) = (try Pipe(), try Pipe())
            let streams =
                detaches
                ? Streams.none : .descriptors(input: -1, output: output.writing.raw, error: error.writing.raw)
            let session = try call.container().execute(request, streams)
            extendLifetime((output, error))
            return (session, output.reading, error.reading)
        }
        if detaches { return .json(["pid": .integer(Int64(session.pid))]) }
        let (status, captured) = try await call.service.watch.capture(session, output: output, error: error)
        var object = JSONObject()
        captured.add(to: &object, status)
        return .json(.object(object))
    }
}
