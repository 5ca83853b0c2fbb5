import CFSCore
import CFSLinux
import Glibc
import HTTPTypes
import HummingbirdCore

/// The daemon itself.
enum SystemRoutes {
    static let all: [Route] = [
        Route(
            .get, "/", "system", "The banner with examples; for a browser the dashboard",
            answer: .init(type: "text/plain", schema: Schemas.text, alternatives: ["text/html"]),
            isOpenToBrowsers: true
        ) { call in call.wantsPage ? page(call) : .text(Banner.text(for: call)) },
        Route(
            .get, "/healthz", "system", "Whether the registry can be read",
            answer: .init(schema: Schemas.object([("status", Schemas.text)], required: ["status"]))
        ) { call in
            try await call.work.quick {
                do throws(CFSError) {
                    _ = try call.engine.containerNames()
                } catch {
                    return .json(error.json, status: .serviceUnavailable)
                }
                return .json(["status": "ok"])
            }
        },
        Route(
            .get, "/version", "system", "Versions, and how long the daemon has run",
            answer: .init(
                schema: Schemas.object(
                    [
                        ("version", Schemas.text), ("api", Schemas.text), ("pid", Schemas.integer),
                        ("uptime", Schemas.number),
                    ], required: ["version"]))
        ) { call in
            .json([
                "version": .string(Engine.version), "api": "1", "pid": .integer(Int64(getpid())),
                "uptime": .number(Double((SystemClock.monotonic - call.service.startedAt) / 1_000_000) / 1000),
            ])
        },
        Route(
            .get, "/info", "system", "The engine and its machine", answer: .init(schema: Schemas.anyObject)
        ) { call in try await call.work.quick { .json(try call.engine.information()) } },
        Route(
            .get, "/metrics", "system", "Measures for Prometheus",
            answer: .init(type: "text/plain", schema: Schemas.text)
        ) { call in
            let text = try await call.work.quick { try ServiceMetrics.text(call.service) }
            return .text(text, type: "text/plain; version=0.0.4; charset=utf-8")
        },
        Route(
            .get, "/openapi.json", "system", "This interface, for programs", answer: .init(schema: Schemas.anyObject)
        ) { call in .json(OpenAPI.document(call.service.table.routes)) },
    ]

    private static func page(_ call: Call) -> Response {
        let nonce = PageTokens.nonce()
        let text = Dashboard.page(token: call.service.tokens.mint(uid: call.peer.uid), nonce: nonce)
        var response = Response.text(text, type: "text/html; charset=utf-8")
        response.headers[.contentSecurityPolicy] = Dashboard.policy(nonce: nonce)
        if let name = HTTPField.Name("Referrer-Policy") { response.headers[name] = "same-origin" }
        if let name = HTTPField.Name("X-Frame-Options") { response.headers[name] = "DENY" }
        return response
    }
}

/// What `GET /` says to curl.
enum Banner {
    /// With host and port in its examples as the caller has them.
    static func text(for call: Call) -> String {
        guard call.peer.way == .tcp, let authority = call.request.head.authority else { return text }
        return text.replacing("localhost:1337", with: authority)
    }

    private static let text = """
        cfs \(Engine.version), a container engine

        GET  /containers              what runs: {"<id>": {"id", "state", "image", "command", ...}}
        GET  /history                 all that ever ran or was stopped: [{"id", "state", "image", "command", ...}]
        POST /run                     {"state":"run","image":"BusyBox","command":"pwd"}
                                      {"id":"e7887770-da8e-43db-9ca1-69526d144d7c","state":"stop"}

        curl http://localhost:1337/containers
        curl http://localhost:1337/history
        curl -H "Content-Type: application/json" -X POST -d '{"state":"run","image":"TinyCore","command":"ls"}' http://localhost:1337/run
        curl -X POST -d '{"state":"run","image":"BusyBox","command":"pwd","wait":true}' http://localhost:1337/run

        GET  /openapi.json            every path, for programs; a browser gets a page at /

        """
}
