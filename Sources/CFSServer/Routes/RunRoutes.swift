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
                let failure = ServerError(any: error)
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
                try ContainerDocument.json(try recordAfter(container, before), call.engine)
            }
        case .run(let spec, let file, false):
            return try await call.work.long {
                let container = try launch(call, spec, .none, file).container
                return started(container, try recordAfter(container, spec, call))
            }
        case .run(let spec, let file, true): return try await runAndWait(spec, file, call)
        }
    }

    private static func launch(
        _ call: Call, _ spec: ContainerSpec, _ streams: Streams, _ path: String?
    ) throws -> (container: Container, session: Session) {
        let caller = Caller(variable: { _ in nil }, directory: "/")
        let file = try path.map { path throws(CFSError) in try IdentityFile(path, caller) }
        do throws(CFSError) {
            return try call.engine.launch(spec, streams) { container throws(CFSError) in try file?.write(container.id) }
        } catch {
            file?.remove()
            throw error
        }
    }

    private static func started(_ container: Container, _ object: JSONObject) -> JSONObject {
        var object = object
        if !container.warnings.isEmpty { object["warnings"] = JSON(container.warnings) }
        return object
    }

    /// What is known of a container that may be gone already, because it removes itself.
    private static func recordAfter(_ container: Container, _ before: ContainerRecord?) throws -> ContainerRecord {
        do throws(CFSError) {
            return try container.record()
        } catch {
            guard error.code == .containerNotFound, var before else { throw error }
            before.state = .exited(status: 0, reason: nil)
            return before
        }
    }

    private static func recordAfter(
        _ container: Container, _ spec: ContainerSpec, _ call: Call
    ) throws -> JSONObject {
        do throws(CFSError) {
            return try ContainerDocument.json(try container.record(), call.engine)
        } catch {
            guard error.code == .containerNotFound, spec.autoRemove else { throw error }
            // It ran, has ended, and is gone.
            var object = JSONObject([
                ("id", .string(container.id.text)), ("state", "Stopped"), ("status", "exited"),
                ("image", .string(spec.image)), ("command", .string(ShellWords.join(spec.command))),
                ("arguments", JSON(spec.command)), ("labels", JSON(spec.labels)), ("autoRemove", true),
            ])
            object["name"] = spec.name.map(JSON.string)
            return object
        }
    }

    private static func runAndWait(_ spec: ContainerSpec, _ file: String?, _ call: Call) async throws -> JSONObject {
        let (container, session, output, error) = try await call.work.long {
            let (output, error) = (try Pipe(), try Pipe())
            let (container, session) = try launch(
                call, spec, .descriptors(input: -1, output: output.writing.raw, error: error.writing.raw), file)
            extendLifetime((output, error))
            return (container, session, output.reading, error.reading)
        }
        let (status, captured) = try await call.service.watch.capture(session, output: output, error: error)
        return try await call.work.quick {
            var object = started(container, try recordAfter(container, spec, call))
            // The monitor has said how it ended; what is read of the container may be a moment behind.
            object["state"] = .string(
                ContainerDocument.word(status: status.code, isStopped: object["state"] == "Stopped"))
            object["status"] = "exited"
            object["pid"] = nil
            captured.add(to: &object, status)
            if !status.warnings.isEmpty { object["warnings"] = JSON(container.warnings + status.warnings) }
            return object
        }
    }
}
