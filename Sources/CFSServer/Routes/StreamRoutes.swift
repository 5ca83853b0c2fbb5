import CFSCore
import CFSLinux
import HTTPTypes
import HummingbirdCore
import NIOCore

/// What goes on for as long as somebody listens: logs, statistics, events, terminals.
enum StreamRoutes {
    static let all: [Route] = [
        Route(
            .get, "/containers/{id}/logs", "streams", "What a container wrote",
            query: [
                .init(name: "follow", schema: Schemas.flag, summary: "Go on until the container ends"),
                .init(
                    name: "tail", schema: ["type": "integer", "minimum": 0, "maximum": 1_000_000],
                    summary: "So many of the last lines"),
                .init(name: "since", schema: Schemas.moment, summary: "From this time on"),
                .init(name: "until", schema: Schemas.moment, summary: "Only what was written before"),
                .init(name: "stream", schema: Schemas.choice(["stdout", "stderr"]), summary: "One of the two"),
                .init(name: "timestamps", schema: Schemas.flag, summary: "The time before each line"),
            ],
            answer: .init(type: "text/plain", schema: Schemas.text, alternatives: ["text/event-stream"])
        ) { call in try await logs(call) },
        Route(
            .get, "/containers/{id}/stats", "streams", "What a container uses", query: [interval],
            answer: .init(schema: Schemas.anyObject, alternatives: ["text/event-stream"])
        ) { call in
            let container = try await call.work.quick { try call.container() }
            let record = try await call.work.quick { try container.record() }
            guard record.state.pid != nil else {
                throw CFSError(.containerNotRunning, .running, "the container \(record.name) is not running")
            }
            let reader = call.engine.statisticsReader(of: [container])
            return try await statistics(call, reader, endsWithContainer: true) { readings, before in
                readings.first.map { .object(StatisticsDocument.json($0, since: before[$0.id])) }
            }
        },
        Route(
            .get, "/stats", "streams", "What all that runs uses", query: [interval],
            answer: .init(schema: Schemas.anyObject, alternatives: ["text/event-stream"])
        ) { call in
            try await statistics(call, call.engine.statisticsReader(), endsWithContainer: false) { readings, before in
                ["containers": .array(readings.map { .object(StatisticsDocument.json($0, since: before[$0.id])) })]
            }
        },
        Route(
            .get, "/events", "streams", "What happens to containers, images and networks",
            query: [
                .init(name: "since", schema: Schemas.moment, summary: "From this time on (default: now)"),
                .init(name: "until", schema: Schemas.moment, summary: "Only what happened before"),
                .init(
                    name: "kind", schema: Schemas.choice(EngineEvent.Kind.allCases.map(\.rawValue)),
                    summary: "Of this kind", isRepeatable: true),
                .init(
                    name: "action", schema: Schemas.choice(actions), summary: "start, die, ...", isRepeatable: true),
                .init(
                    name: "container", schema: Schemas.text, summary: "A name, or the beginning of an id",
                    isRepeatable: true),
                .init(name: "image", schema: Schemas.text, summary: "An image's name", isRepeatable: true),
            ],
            answer: .init(type: "text/event-stream", schema: Schemas.text)
        ) { call in try events(call) },
        Route(
            .get, "/containers/{id}/exec", "streams", "A terminal with one more command (WebSocket)",
            query: [
                .init(name: "command", schema: Schemas.text, summary: "As a shell would split it", isRequired: true),
                .init(name: "tty", schema: Schemas.flag, summary: "Give it a terminal"),
                .init(name: "rows", schema: Schemas.integer, summary: "The terminal's size"),
                .init(name: "columns", schema: Schemas.integer, summary: "The terminal's size"),
                .init(name: "user", schema: Schemas.text, summary: "As cfs exec --user"),
                .init(name: "workdir", schema: Schemas.text, summary: "As cfs exec --workdir"),
                .init(name: "env", schema: Schemas.text, summary: "As cfs exec --env", isRepeatable: true),
            ],
            answer: .init(schema: Schemas.text, status: 101)
        ) { call in try await TerminalRoute.execute(call) },
        Route(
            .get, "/containers/{id}/attach", "streams", "The streams of a container (WebSocket)",
            query: [.init(name: "input", schema: Schemas.flag, summary: "Write to it as well (default: true)")],
            answer: .init(schema: Schemas.text, status: 101)
        ) { call in try await TerminalRoute.attach(call) },
    ]

    private static let interval = Route.QueryParameter(
        name: "interval", schema: ["type": "number", "minimum": .number(0.1), "maximum": 60],
        summary: "Seconds between two events")

    // MARK: Logs

    /// A cursor that one task uses at a time, on the threads of the pool.
    private final class Cursor: @unchecked Sendable {
        let cursor: LogCursor
        init(_ cursor: LogCursor) { self.cursor = cursor }
    }

    private static func logs(_ call: Call) async throws -> Response {
        var options = LogOptions()
        options.follow = try call.query.flag("follow")
        options.tail = try call.query.integer("tail", 0...1_000_000)
        options.since = try call.query.time("since")
        options.until = try call.query.time("until")
        let stamps = try call.query.flag("timestamps")
        if let name = try call.query.text("stream") {
            guard let stream = LogStream(rawValue: name) else {
                throw call.query.wrong("stream", name, "write stdout or stderr")
            }
            options.stream = stream
        }
        let asked = options
        let cursor = try await call.work.quick { Cursor(try call.container().logCursor(asked)) }
        let isEvents = call.wantsEvents
        let format: @Sendable (LogLine) -> ByteBuffer = { line in
            if isEvents { return EventMessage.make("log", LogDocument.json(line)) }
            var piece = ByteBuffer()
            if stamps { piece.writeString("\(Timestamp.text(line.time)) ") }
            piece.writeBytes(line.bytes)
            return piece
        }
        let body: @Sendable (inout any ResponseBodyWriter) async throws -> Void = { writer in
            while true {
                // A piece at a time: what was not taken by the other side is not read either.
                let piece = try await call.work.quick { try read(cursor.cursor, format) }
                if piece.readableBytes > 0 {
                    try await writer.write(piece)
                    continue
                }
                if cursor.cursor.isInterrupted {
                    try Task.checkCancellation()
                    if call.hangup.hasHappened { throw CancellationError() }
                    continue
                }
                let descriptors = cursor.cursor.descriptors
                guard !descriptors.isEmpty else { return }
                let hasMore = try await call.service.watch.wait(
                    reading: descriptors, patience: isEvents ? EventMessage.patience : nil, until: call.hangup)
                guard hasMore else {
                    try await writer.write(EventMessage.silence)
                    continue
                }
                guard try await call.work.quick({ try cursor.cursor.look() }) else { return }
            }
        }
        if isEvents { return .events(body) }
        var headers = HTTPFields()
        headers[.contentType] = "text/plain; charset=utf-8"
        return Response(
            status: .ok, headers: headers,
            body: ResponseBody { writer in
                do { try await body(&writer) } catch is CancellationError {}
                try await writer.finish(nil)
            })
    }

    private static func read(
        _ cursor: LogCursor, _ format: (LogLine) -> ByteBuffer
    ) throws -> ByteBuffer {
        var buffer = ByteBuffer()
        while buffer.readableBytes < 64 << 10, let line = try cursor.next() {
            var piece = format(line)
            buffer.writeBuffer(&piece)
        }
        return buffer
    }

    // MARK: Statistics

    private static func statistics(
        _ call: Call, _ reader: StatisticsReader, endsWithContainer: Bool,
        _ document: @escaping @Sendable ([ContainerStatistics], [ContainerID: ContainerStatistics]) -> JSON?
    ) async throws -> Response {
        let seconds = try call.query.number("interval", 0.1...60) ?? 1
        guard call.wantsEvents else {
            let readings = try await call.work.quick { try reader.read() }
            guard let document = document(readings, [:]) else {
                throw CFSError(.containerNotRunning, .running, "the container is not running")
            }
            return .json(document)
        }
        return .events { writer in
            var before: [ContainerID: ContainerStatistics] = [:]
            while true {
                let readings = try await call.work.quick { try reader.read() }
                if endsWithContainer, readings.isEmpty { return }
                if let document = document(readings, before) {
                    try await writer.write(EventMessage.make("stats", document))
                }
                before = Dictionary(uniqueKeysWithValues: readings.map { ($0.id, $0) })
                try await Patience.interval(.seconds(seconds))
            }
        }
    }

    // MARK: Events

    /// What `action` takes: `health_status` is every status, too.
    private static let actions =
        EngineEvent.actions + Health.Status.allCases.map { "health_status: \($0.rawValue)" }

    private static func events(_ call: Call) throws -> Response {
        var filter = EventFilter()
        filter.since = try call.query.time("since")
        filter.until = try call.query.time("until")
        for name in call.query.values("kind") {
            guard let kind = EngineEvent.Kind(rawValue: name) else {
                throw call.query.wrong("kind", name, "write container, image or network")
            }
            filter.kinds.append(kind)
        }
        for name in call.query.values("action") {
            guard actions.contains(name) else {
                throw call.query.wrong("action", name, "the actions are \(EngineEvent.actions.text(separator: ", "))")
            }
            filter.actions.append(name)
        }
        filter.containers = call.query.values("container")
        filter.images = call.query.values("image")
        let asked = filter
        return .events { writer in
            let (id, listener) = call.service.hub.listen(asked)
            defer { call.service.hub.remove(id) }
            var told: Set<EngineEvent> = []
            if asked.since != nil { told = try await replay(asked, call, &writer) }
            while true {
                var patience = EventMessage.patience
                if let until = asked.until {
                    let now = SystemClock.realtime
                    guard now < until else { return }
                    patience = min(patience, .nanoseconds(until - now))
                }
                switch await listener.next(patience: patience) {
                case .event(let event, let message):
                    // The listener was there before the journal was read: what both have is told once.
                    if told.remove(event) != nil { continue }
                    if let until = asked.until, event.time >= until { return }
                    try await writer.write(message)
                case .skipped(let count): try await writer.write(EventMessage.skipped(count))
                case .silence: try await writer.write(EventMessage.silence)
                case .over: return
                }
            }
        }
    }

    /// Tells what the journal has until now, as fast as it is taken.
    ///
    /// - Returns: what was told of the last minute.
    private static func replay(
        _ filter: EventFilter, _ call: Call, _ writer: inout any ResponseBodyWriter
    ) async throws -> Set<EngineEvent> {
        let now = SystemClock.realtime
        var past = filter
        past.until = min(filter.until ?? now, now)
        let asked = past
        let events = try await call.work.quick { try call.engine.events(asked) }
        var told: Set<EngineEvent> = []
        while true {
            let piece = try await call.work.quick {
                var piece: [EngineEvent] = []
                while piece.count < 128, let event = try events.nextBlocking() { piece.append(event) }
                return piece
            }
            guard !piece.isEmpty else { return told }
            for event in piece {
                if event.time + 60_000_000_000 > now { told.insert(event) }
                try await writer.write(EventMessage.event(event))
            }
        }
    }
}
