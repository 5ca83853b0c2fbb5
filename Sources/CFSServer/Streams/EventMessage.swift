import CFSCore
import HTTPTypes
import HummingbirdCore
import NIOCore

/// Server-sent events as bytes (HTML, section 9.2): a name and one line of JSON each.
enum EventMessage {
    static func make(_ name: String, _ data: JSON, id: String? = nil) -> ByteBuffer {
        var buffer = ByteBuffer()
        if let id { buffer.writeString("id: \(id)\n") }
        buffer.writeString("event: \(name)\ndata: ")
        // JSON's own text has no line feed: it writes them as escapes.
        buffer.writeBytes(data.bytes())
        buffer.writeString("\n\n")
        return buffer
    }

    static func event(_ event: EngineEvent) -> ByteBuffer {
        make(event.kind.rawValue, event.json, id: "\(event.time)")
    }

    static func skipped(_ count: Int) -> ByteBuffer { make("skipped", ["count": .integer(Int64(count))]) }
    static let end = make("end", .object(JSONObject()))
    /// Keeps connections alive through whatever stands between.
    static let silence = ByteBuffer(string: ": \n\n")
    static let patience = Duration.seconds(15)
}

extension Response {
    /// A stream of events. What `body` throws is told as an `error`, and the stream ends.
    static func events(
        _ body: @escaping @Sendable (inout any ResponseBodyWriter) async throws -> Void
    ) -> Response {
        var headers = HTTPFields()
        headers[.contentType] = "text/event-stream"
        headers[.cacheControl] = "no-store"
        return Response(
            status: .ok, headers: headers,
            body: ResponseBody { writer in
                do {
                    // What a browser waits for before it says that it is connected.
                    try await writer.write(EventMessage.silence)
                    try await body(&writer)
                    try await writer.write(EventMessage.end)
                } catch is CancellationError {
                    try await writer.write(EventMessage.end)
                } catch let error as CFSError {
                    try await writer.write(EventMessage.make("error", error.json))
                } catch let error as ServerError {
                    try await writer.write(EventMessage.make("error", error.document))
                }
                try await writer.finish(nil)
            })
    }
}
