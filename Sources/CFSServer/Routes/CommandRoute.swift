import CFSCore
import CFSLinux
import Glibc
import HummingbirdCore

/// `POST /command`: the command line, carried out for somebody at the Unix socket (`cfs --host`).
///
/// A `cfs` is started beside the daemon with the caller's own descriptors, taken out of his process: his terminal, pipes and files
/// are used as they are, and nothing is relayed.
enum CommandRoute {
    static let all: [Route] = [
        Route(
            .post, "/command", "system", "Carry out a command line: over the Unix socket",
            body: .object(schema, isRequired: true),
            answer: .init(schema: Schemas.object([("exitCode", Schemas.integer)], required: ["exitCode"]))
        ) { call in
            guard let process = call.peer.process else {
                throw ServerError(
                    .notPermitted, "command lines are carried out for callers at the Unix socket",
                    hint: "cfs --host unix:///run/cfs/cfsd.sock")
            }
            let request = try CommandRequest(try await call.object())
            let command = try await call.work.long {
                try HostedCommand(request, of: process, user: call.peer.uid, call.service.engine.options)
            }
            let end = try await command.end(call.service.watch, call.work)
            return .json(["exitCode": .integer(Int64(end.status))])
        }
    ]

    private static let schema = Schemas.object(
        [
            ("arguments", Schemas.list(of: Schemas.text)), ("environment", Schemas.list(of: Schemas.text)),
            ("umask", Schemas.integer), ("token", Schemas.text),
            (
                "descriptors",
                Schemas.object(CommandRequest.names.map { ($0, Schemas.integer) }, required: CommandRequest.names)
            ),
        ], required: ["arguments", "environment", "umask", "token", "descriptors"])
}

/// What a command line is to be carried out with.
struct CommandRequest: Sendable {
    /// Of the caller's descriptors: three streams, the working folder, and the end of a socket where his signals come out.
    static let names = ["input", "output", "error", "directory", "signals"]

    let arguments: [String]
    let environment: [String]
    let mask: Int64
    /// What comes out of the socket first: who has it there is the one who asks.
    let token: String
    let descriptors: [Int32]

    /// - Throws: `invalidRequest` for whatever is missing or wrong.
    init(_ object: JSONObject) throws(ServerError) {
        func wrong(_ name: String) -> ServerError {
            ServerError(.invalidRequest, "the field \(name) is missing or wrong", hint: "this is for cfs --host")
        }
        for name in ["arguments", "environment"] {
            guard let texts = object[name]?.strings, !texts.contains(where: { $0.utf8.contains(0) }) else {
                throw wrong(name)
            }
        }
        arguments = object["arguments"]?.strings ?? []
        environment = object["environment"]?.strings ?? []
        guard let mask = object["umask"]?.integer, (0...0o777).contains(mask) else { throw wrong("umask") }
        guard let token = object["token"]?.string, token.utf8.count == 32 else { throw wrong("token") }
        (self.mask, self.token) = (mask, token)
        var descriptors: [Int32] = []
        for name in Self.names {
            guard let number = object["descriptors"]?[name]?.integer, let descriptor = Int32(exactly: number),
                descriptor >= 0
            else { throw wrong(name) }
            descriptors.append(descriptor)
        }
        self.descriptors = descriptors
    }

    /// The caller's variables without those that say where the engine is, or what a program loads and tells its manager.
    var variables: [String] {
        environment.filter { variable in
            !["CFS_", "LD_", "GLIBC_", "MALLOC_", "LISTEN_", "NOTIFY_"].contains { variable.hasPrefix($0) }
        }
    }
}
