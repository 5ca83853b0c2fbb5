import CFSCore
import CFSLinux
import CFSOptions
import HTTPTypes
import HummingbirdCore

/// `POST /run`: runs a container, or stops one.
enum RunRoutes {
    static let all: [Route] = [
        Route(
            .post, "/run", "containers", "Run a container, or stop one",
            body: .object(Schemas.runRequest, isRequired: true), answer: .init(schema: Schemas.started)
        ) { call in try await run(call) }
    ]

    private static let key = HTTPField.Name("Idempotency-Key")
    private static let replayed = HTTPField.Name("Idempotent-Replayed")

    private static func run(_ call: Call) async throws -> Response {
        let object = try await call.object()
        // Read before a key is looked at: what cannot be meant is told as such, and takes none.
        let request = try await call.work.quick { try RunRequest(object) }
        guard let key, let text = call.request.headers[key] else {
            return .json(.object(try await perform(request, call)))
        }
        let (answer, isReplayed) = try await call.service.keys.answer(
            text, uid: call.peer.uid, body: .object(object), call.work
        ) {
            do {
                return (.init(status: 200, document: .object(try await perform(request, call))), true)
            } catch let error as CancellationError {
                throw error
            } catch {
                let failure = ServerError(any: error, call.engine.options)
                return (
                    .init(status: failure.status.code, document: failure.document),
                    ![400, 403, 415].contains(failure.status.code)
                )
            }
        }
        var headers = HTTPFields()
        if isReplayed, let replayed { headers[replayed] = "true" }
        return .json(answer.document, status: .init(code: answer.status), headers: headers)
    }

    private static func perform(_ request: RunRequest, _ call: Call) async throws -> JSONObject {
        switch request {
        case .stop(let id, let seconds):
            let (container, before) = try await call.work.quick {
                let container = try call.engine.container(id)
                return (container, try container.record())
            }
            // One that was never started, or has ended, is what was asked for.
            if before.state.pid != nil || before.restartsAt != nil { try await call.stop(container, seconds: seconds) }
            return try await call.work.quick {
                try ContainerDocument.json(try recordAfter(container, before).record, call.engine)
            }
        case .run(let spec, let file, false):
            return try await call.work.long {
                let launched = try launch(call, spec, .none, file)
                let (record, isGone) = try launched.recordNow()
                var object = try ContainerDocument.json(record, call.engine)
                // Nobody waited for it, so nobody knows how it ended.
                if isGone { (object["state"], object["exitCode"]) = ("Stopped", nil) }
                return launched.told(object)
            }
        case .run(let spec, let file, true): return try await runAndWait(spec, file, call)
        }
    }

    /// A container whose command has begun.
    private struct Launched {
        let container: Container
        let session: Session
        /// What it was before that, of one that removes itself.
        let made: ContainerRecord?
        let startedAt: UInt64

        /// What it is at this moment; one that is gone with its end has ended now.
        func recordNow() throws -> (ContainerRecord, isGone: Bool) {
            var (record, isGone) = try recordAfter(container, made)
            if isGone { (record.startedAt, record.finishedAt) = (startedAt, SystemClock.realtime) }
            return (record, isGone)
        }

        func told(_ object: JSONObject, _ warnings: [String] = []) -> JSONObject {
            var object = object
            let warnings = container.warnings + warnings
            if !warnings.isEmpty { object["warnings"] = JSON(warnings) }
            return object
        }
    }

    private static func launch(
        _ call: Call, _ spec: ContainerSpec, _ streams: Streams, _ path: String?
    ) throws -> Launched {
        let caller = Caller(variable: { _ in nil }, directory: "/")
        let file = try path.map { path throws(CFSError) in try IdentityFile(path, caller) }
        var made: ContainerRecord?
        do throws(CFSError) {
            let (container, session) = try call.engine.launch(spec, streams) { container throws(CFSError) in
                if spec.autoRemove { made = try container.record() }
                try file?.write(container.id)
            }
            return Launched(container: container, session: session, made: made, startedAt: SystemClock.realtime)
        } catch {
            file?.remove()
            throw error
        }
    }

    /// What is known of a container that may be gone already, because it removes itself.
    private static func recordAfter(
        _ container: Container, _ before: ContainerRecord?
    ) throws -> (record: ContainerRecord, isGone: Bool) {
        do throws(CFSError) {
            return (try container.record(), false)
        } catch {
            guard error.code == .containerNotFound, var before else { throw error }
            before.state = .exited(status: 0, reason: nil)
            return (before, true)
        }
    }

    private static func runAndWait(_ spec: ContainerSpec, _ file: String?, _ call: Call) async throws -> JSONObject {
        let (launched, output, error) = try await call.work.long {
            let (output, error) = (try Pipe(), try Pipe())
            let launched = try launch(
                call, spec, .descriptors(input: -1, output: output.writing.raw, error: error.writing.raw), file)
            extendLifetime((output, error))
            return (launched, output.reading, error.reading)
        }
        let (status, captured) = try await call.service.watch.capture(launched.session, output: output, error: error)
        return try await call.work.quick {
            var record = try launched.recordNow().0
            // The monitor has said how it ended; what is read of the container may be a moment behind.
            record.state = .exited(status: status.code, reason: status.reason)
            if let times = launched.session.lifetime {
                (record.startedAt, record.finishedAt) = (times.startedAt, times.finishedAt)
            }
            let isStopped = try status.code != 0 && call.engine.stopped(among: [record]).contains(record.id)
            var object = ContainerDocument.json(record, isStopped: isStopped)
            captured.add(to: &object, status)
            return launched.told(object, status.warnings)
        }
    }
}
