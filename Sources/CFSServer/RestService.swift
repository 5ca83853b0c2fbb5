import CFSCore
import CFSLinux
import HTTPTypes
import HummingbirdCore
import Logging
import Synchronization

/// What all requests share: the engine, the threads for its calls, the routes. Nothing of it is the truth about a container.
final class RestService: Sendable {
    let engine: Engine
    let work: WorkPool
    let watch: DescriptorWatch
    let hub: EventHub
    let tokens = PageTokens()
    let keys: IdempotencyKeys
    let running = RunningList()
    let measures: ServerMeasures
    let load: ConnectionLoad
    let logger: Logger
    let table: RouteTable
    /// Nanoseconds of CLOCK_MONOTONIC.
    let startedAt = SystemClock.monotonic

    init(_ engine: Engine, load: ConnectionLoad, metrics: MetricsRegistry, logger: Logger) throws(CFSError) {
        self.engine = engine
        self.load = load
        self.logger = logger
        work = WorkPool()
        watch = try DescriptorWatch()
        hub = EventHub()
        measures = ServerMeasures(metrics)
        keys = IdempotencyKeys(folder: "\(engine.options.root)/cfsd/keys")
        table = RouteTable(Self.routes)
    }

    static let routes: [Route] =
        SystemRoutes.all + RunRoutes.all + ContainerRoutes.all + StreamRoutes.all
        + FileRoutes.all + ImageRoutes.all + NetworkRoutes.all + CommandRoute.all

    /// Answers one request; never throws: what fails is an answer as well.
    ///
    /// - Parameter hangup: when nobody may be there any more to hear the answer.
    func respond(to request: Request, from peer: Peer, until hangup: Hangup) async -> Response {
        let begin = SystemClock.monotonic
        var name = "none"
        var response: Response
        do {
            let (route, call) = try find(request, peer, hangup)
            name = route.path
            do {
                response = try await route.respond(call)
            } catch {
                response = failure(error, closes: call.hasUnreadBody)
            }
        } catch {
            response = failure(error, closes: hasBody(request))
        }
        response.headers[.xContentTypeOptions] = "nosniff"
        if !response.headers.contains(.cacheControl) { response.headers[.cacheControl] = "no-store" }
        measures.answered(name, request.method, response.status.code, nanoseconds: SystemClock.monotonic - begin)
        guard request.method == .head else { return response }
        return Response(status: response.status, headers: response.headers, body: ResponseBody())
    }

    private func find(_ request: Request, _ peer: Peer, _ hangup: Hangup) throws -> (Route, Call) {
        try RequestOrigin.check(request.head, peer)
        let target = request.head.path ?? "/"
        let pieces = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var parts: [String] = []
        for part in pieces[0].split(separator: "/", omittingEmptySubsequences: true) {
            guard let text = PercentEncoding.decode(part) else {
                throw ServerError(.invalidRequest, "the path has an escape that is none")
            }
            parts.append(text)
        }
        switch table.find(request.method, parts) {
        case .nothing:
            throw ServerError(.routeNotFound, "there is nothing at \(pieces[0].prefix(200))", hint: "see GET /")
        case .otherMethods(let methods):
            var error = ServerError(
                .methodNotAllowed, "\(request.method.rawValue) is not possible at \(pieces[0].prefix(200))",
                hint: "possible: \(methods.map(\.rawValue).joined(separator: ", "))")
            error.headers[.allow] = methods.map(\.rawValue).joined(separator: ", ")
            throw error
        case .route(let route, let parameters):
            if !route.isOpenToBrowsers, RequestOrigin.isBrowser(request.head) {
                guard let token = RequestOrigin.token(request.head), tokens.isGood(token, uid: peer.uid) else {
                    throw ServerError(
                        .tokenRequired, "a browser needs the page's token", hint: "load the page again: GET /")
                }
            }
            let query = try QueryItems(pieces.count == 2 ? pieces[1] : "")
            let known = route.query.map(\.name)
            if let unknown = query.items.first(where: { !known.contains($0.name) }) {
                let near = NearestName.suggestions(for: unknown.name, among: known)
                throw ServerError(
                    .invalidRequest, "unknown query parameter \(unknown.name.prefix(100))",
                    hint: near.isEmpty
                        ? known.isEmpty ? "this path takes none" : "known here: \(known.joined(separator: ", "))"
                        : "did you mean \(near.joined(separator: " or "))?")
            }
            return (route, Call(request, peer, hangup, parameters: parameters, query: query, service: self))
        }
    }

    private func hasBody(_ request: Request) -> Bool {
        request.headers.contains(.transferEncoding) || (request.headers[.contentLength] ?? "0") != "0"
    }

    private func failure(_ error: any Error, closes: Bool) -> Response {
        let error = ServerError(any: error, engine.options)
        if error.status.kind == .serverError {
            logger.warning("a request failed", metadata: ["error": "\(error.document.text())"])
        }
        var headers = error.headers
        // Nobody wants the rest of the body, which may be long.
        if closes { headers[.connection] = "close" }
        return .json(error.document, status: error.status, headers: headers)
    }
}
