import CFSCore
import HTTPTypes
import HummingbirdCore

/// Files of containers, as tar archives.
enum FileRoutes {
    static let all: [Route] = [
        Route(
            .get, "/containers/{id}/archive", "files", "A file or folder of a container, as a tar",
            query: [path], answer: .init(type: "application/x-tar", schema: binary)
        ) { call in
            let path = try required(call)
            return try await Spool.send(call, type: "application/x-tar") { descriptor in
                try call.container().copyOut(path, toDescriptor: descriptor)
            }
        },
        Route(
            .post, "/containers/{id}/archive", "files", "Unpack a tar into a folder of a container",
            query: [path], body: .bytes(types), answer: .init(schema: Schemas.anyObject)
        ) { call in
            let path = try required(call)
            let container = try await call.work.quick { try call.container() }
            let piece = try await Spool.receive(call, types)
            return try await call.work.long {
                let report = try container.copyIn(tarFrom: piece.file.raw, to: path)
                return .json(["files": .integer(Int64(report.files)), "bytes": JSON(unsigned: report.bytes)])
            }
        },
        Route(
            .get, "/containers/{id}/export", "files", "The whole root file system of a container, as a tar",
            answer: .init(type: "application/x-tar", schema: binary)
        ) { call in
            try await Spool.send(call, type: "application/x-tar") { descriptor in
                try call.container().export(toDescriptor: descriptor)
            }
        },
    ]

    private static let types = ["application/x-tar", "application/octet-stream"]
    private static let binary: JSON = ["type": "string", "format": "binary"]
    private static let path = Route.QueryParameter(
        name: "path", schema: Schemas.text, summary: "In the container, from / on", isRequired: true)

    private static func required(_ call: Call) throws -> String {
        guard let path = try call.query.text("path"), !path.isEmpty else {
            throw ServerError(.invalidRequest, "the query has no path", hint: "write ?path=/etc")
        }
        return path
    }
}
