import CFSCore
import HTTPTypes
import HummingbirdCore
import NIOCore

/// One method of one path: how it is answered, and what is said of it in the OpenAPI document. There is no other list of
/// either, so neither can be stale.
struct Route: Sendable {
    enum Segment: Sendable, Equatable {
        case text(String)
        case parameter(String)
    }

    /// One name of the query.
    struct QueryParameter: Sendable {
        let name: String
        let schema: JSON
        let summary: String
        var isRepeatable = false
        var isRequired = false
    }

    /// What a request's body is.
    enum Body: Sendable {
        case none
        /// A JSON object; its schema.
        case object(JSON, isRequired: Bool)
        /// Bytes of one of these types.
        case bytes([String])
    }

    /// What is answered when nothing fails.
    struct Answer: Sendable {
        var type = "application/json"
        var schema: JSON
        /// Other forms of it, by `Accept`.
        var alternatives: [String] = []
        var status = 200
    }

    let method: HTTPRequest.Method
    let segments: [Segment]
    let summary: String
    let group: String
    var query: [QueryParameter] = []
    var body = Body.none
    let answer: Answer
    /// Whether a browser may ask for it without the page's token.
    var isOpenToBrowsers = false
    let respond: @Sendable (Call) async throws -> Response

    init(
        _ method: HTTPRequest.Method, _ path: String, _ group: String, _ summary: String,
        query: [QueryParameter] = [], body: Body = .none, answer: Answer, isOpenToBrowsers: Bool = false,
        respond: @escaping @Sendable (Call) async throws -> Response
    ) {
        self.method = method
        segments = path.split(separator: "/").map { part in
            part.hasPrefix("{") ? .parameter(String(part.dropFirst().dropLast())) : .text(String(part))
        }
        self.summary = summary
        self.group = group
        self.query = query
        self.body = body
        self.answer = answer
        self.isOpenToBrowsers = isOpenToBrowsers
        self.respond = respond
    }

    /// As OpenAPI writes it.
    var path: String {
        "/"
            + segments.map { segment in
                switch segment {
                case .text(let text): text
                case .parameter(let name): "{\(name)}"
                }
            }.joined(separator: "/")
    }

    /// What stands in the places of the path; nil when this is another path.
    func match(_ parts: [String]) -> [String: String]? {
        guard parts.count == segments.count else { return nil }
        var parameters: [String: String] = [:]
        for (segment, part) in zip(segments, parts) {
            switch segment {
            case .text(let text): guard text == part else { return nil }
            case .parameter(let name):
                guard !part.isEmpty else { return nil }
                parameters[name] = part
            }
        }
        return parameters
    }
}

/// All routes.
struct RouteTable: Sendable {
    let routes: [Route]
    /// By the first part of the path.
    private let byStart: [String: [Route]]

    init(_ routes: [Route]) {
        self.routes = routes
        byStart = Dictionary(grouping: routes) { route in
            if case .text(let text)? = route.segments.first { text } else { "" }
        }
    }

    enum Found {
        case route(Route, [String: String])
        /// The path is there, for these methods.
        case otherMethods([HTTPRequest.Method])
        case nothing
    }

    func find(_ method: HTTPRequest.Method, _ parts: [String]) -> Found {
        let wanted = method == .head ? .get : method
        var others: [HTTPRequest.Method] = []
        for route in byStart[parts.first ?? ""] ?? [] {
            guard let parameters = route.match(parts) else { continue }
            if route.method == wanted { return .route(route, parameters) }
            others.append(route.method)
        }
        return others.isEmpty ? .nothing : .otherMethods(others)
    }
}

extension Response {
    /// A JSON document.
    static func json(
        _ document: JSON, status: HTTPResponse.Status = .ok, headers: HTTPFields = HTTPFields()
    ) -> Response {
        bytes(document.bytes() + [0x0a], type: "application/json", status: status, headers: headers)
    }

    /// A JSON document that is written already.
    static func json(_ document: ByteBuffer) -> Response {
        var headers = HTTPFields()
        headers[.contentType] = "application/json"
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: document))
    }

    static func text(_ text: String, type: String = "text/plain; charset=utf-8") -> Response {
        bytes(Array(text.utf8), type: type)
    }

    static func bytes(
        _ bytes: [UInt8], type: String, status: HTTPResponse.Status = .ok, headers: HTTPFields = HTTPFields()
    ) -> Response {
        var headers = headers
        headers[.contentType] = type
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: .init(bytes: bytes)))
    }
}
