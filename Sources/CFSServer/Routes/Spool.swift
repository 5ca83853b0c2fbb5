import CFSCore
import CFSLinux
import Glibc
import HTTPTypes
import HummingbirdCore
import NIOCore

/// Files between the engine and a connection: a slow reader or writer then holds no thread, and nothing in memory.
enum Spool {
    /// A file of our own that goes when the last one lets go of it.
    final class Piece: Sendable {
        let path: String
        let file: SharedFD

        init(_ folder: String) throws(CFSError) {
            try Directory.makeAll(folder)
            path = "\(folder)/\(ContainerID().text)"
            file = SharedFD(
                try File.open(path, [.readWrite, .create, .exclusive, .noFollow], mode: 0o600, phase: .preparing))
        }

        deinit { unlink(path) }

        /// An error as the sender understands it, who knows nothing of this file.
        func unnamed(_ error: CFSError) -> CFSError {
            var copy = error
            if error.message.hasPrefix(path) { copy.message = "the body" + error.message.dropFirst(path.count) }
            if error.path == path { copy.path = nil }
            return copy
        }
    }

    static func folder(_ engine: Engine) -> String { "\(engine.options.root)/cfsd/spool" }

    /// Removes what a daemon left that was killed.
    static func tidy(_ engine: Engine) throws(CFSError) {
        let folder = folder(engine)
        guard File.exists(folder) else { return }
        let opened = try Directory.open(folder)
        for name in try Directory.names(opened.raw) { unlink("\(folder)/\(name)") }
    }

    /// The body of a request, in a file that is at its beginning.
    static func receive(_ call: Call, _ types: [String]) async throws -> Piece {
        let body = try call.stream(types)
        let piece = try await call.work.quick { try Piece(folder(call.engine)) }
        for try await part in body {
            let bytes = Array(part.readableBytesView)
            try await call.work.quick { try File.writeAll(piece.file.raw, bytes, path: piece.path) }
        }
        call.finishedBody()
        lseek(piece.file.raw, 0, SEEK_SET)
        return piece
    }

    /// What `fill` writes to a descriptor, as an answer.
    static func send(
        _ call: Call, type: String, fill: @escaping @Sendable (Int32) throws -> Void
    ) async throws -> Response {
        let piece = try await call.work.long {
            let piece = try Piece(folder(call.engine))
            try fill(piece.file.raw)
            return piece
        }
        let size = Int(lseek(piece.file.raw, 0, SEEK_END))
        lseek(piece.file.raw, 0, SEEK_SET)
        var headers = HTTPFields()
        headers[.contentType] = type
        return Response(
            status: .ok, headers: headers,
            body: ResponseBody(contentLength: size) { writer in
                while true {
                    let bytes = try await call.work.quick { try File.read(piece.file.raw, atMost: 256 << 10) }
                    if bytes.isEmpty { break }
                    try await writer.write(ByteBuffer(bytes: bytes))
                }
                try await writer.finish(nil)
            })
    }
}
