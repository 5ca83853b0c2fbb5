import CFSCore
import HTTPTypes
import HummingbirdCore
import NIOCore
import Synchronization

/// One request on its way to the route that answers it.
struct Call: Sendable {
    let request: Request
    let peer: Peer
    let hangup: Hangup
    /// What stands in the places of the path, decoded.
    let parameters: [String: String]
    let query: QueryItems
    let service: RestService
    /// Remembers what is done as the caller's doing.
    let engine: Engine
    private let progress = BodyProgress()

    init(
        _ request: Request, _ peer: Peer, _ hangup: Hangup, parameters: [String: String], query: QueryItems,
        service: RestService
    ) {
        self.request = request
        self.peer = peer
        self.hangup = hangup
        self.parameters = parameters
        self.query = query
        self.service = service
        engine = service.engine.acting(for: peer.uid)
    }

    var work: WorkPool { service.work }

    /// The text of a place of the path.
    subscript(name: String) -> String { parameters[name] ?? "" }

    /// The container that the path names.
    func container() throws(CFSError) -> Container { try engine.container(self["id"]) }

    // MARK: What may be sent back

    /// Whether the caller asks for a stream of events.
    var wantsEvents: Bool { accepts("text/event-stream") }
    var wantsPage: Bool { accepts("text/html") }

    private func accepts(_ type: String) -> Bool {
        request.headers[values: .accept].contains {
            $0.split(separator: ",").contains { $0.drop { $0 == " " }.hasPrefix(type) }
        }
    }

    // MARK: Body

    /// Whether bytes of the body are left to read, so that the connection cannot be used for another request cheaply.
    var hasUnreadBody: Bool {
        !progress.isRead.load(ordering: .relaxed)
            && (request.headers.contains(.transferEncoding) || (request.headers[.contentLength] ?? "0") != "0")
    }

    /// The body as a JSON object; an empty one where no body was sent.
    ///
    /// - Throws: `unsupportedMediaType`, `bodyTooLarge`, `invalidRequest`, `requestTimeout`.
    func object() async throws -> JSONObject {
        if let type = request.headers[.contentType] {
            let name = type.prefix { $0 != ";" && $0 != " " }.lowercased()
            guard name == "application/json" || name == "application/x-www-form-urlencoded" else {
                throw ServerError(
                    .unsupportedMediaType, "a body of the type \(name) is not read here",
                    hint: "send a JSON object, as application/json")
            }
        }
        let bytes = try await bytes()
        if bytes.isEmpty { return JSONObject() }
        do throws(CFSError) {
            if let object = try JSON(parsing: bytes, what: "the body").object { return object }
        } catch {
            throw ServerError(.invalidRequest, error.message, hint: "send a JSON object (RFC 8259)")
        }
        throw ServerError(
            .invalidRequest, "the body is no JSON object", hint: #"for example {"state":"run","image":"BusyBox"}"#)
    }

    private func bytes() async throws -> [UInt8] {
        let limit = ConnectionLimits.jsonBytes
        let tooLarge = ServerError(.bodyTooLarge, "the body has more than \(limit) bytes")
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > limit { throw tooLarge }
        // Without a timer: where nothing comes at all, the connection is given up on.
        let end = ContinuousClock.now + .seconds(60)
        var bytes: [UInt8] = []
        for try await part in request.body {
            bytes += part.readableBytesView
            if bytes.count > limit { throw tooLarge }
            guard ContinuousClock.now < end else {
                throw ServerError(.requestTimeout, "the body of the request did not come in time")
            }
        }
        progress.isRead.store(true, ordering: .relaxed)
        return bytes
    }

    /// The body as it comes, for what is no JSON.
    ///
    /// - Parameter types: the content types that are taken.
    func stream(_ types: [String]) throws -> RequestBody {
        let name = request.headers[.contentType]?.prefix { $0 != ";" && $0 != " " }.lowercased() ?? ""
        guard types.contains(name) else {
            throw ServerError(
                .unsupportedMediaType,
                name.isEmpty ? "the body has no content type" : "a body of the type \(name) is not read here",
                hint: "send it as \(types.joined(separator: " or "))")
        }
        return request.body
    }

    /// The body was read to its end.
    func finishedBody() { progress.isRead.store(true, ordering: .relaxed) }
}

private final class BodyProgress: Sendable {
    let isRead = Atomic(false)
}
