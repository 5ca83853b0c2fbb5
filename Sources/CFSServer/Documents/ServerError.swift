import CFSCore
import Glibc
import HTTPTypes

/// What is answered where something failed: always the same document, `{code, message, phase, hint}`.
struct ServerError: Error, Sendable {
    /// Codes of the transport, beside those of the library.
    enum Code: String, Sendable, CaseIterable {
        case invalidRequest, notPermitted, tokenRequired, routeNotFound, methodNotAllowed
        case requestTimeout, bodyTooLarge, unsupportedMediaType, misdirectedRequest, headersTooLarge
        case idempotencyConflict, idempotencyInterrupted, overloaded, stopping

        var status: HTTPResponse.Status {
            switch self {
            case .invalidRequest: .badRequest
            case .notPermitted, .tokenRequired: .forbidden
            case .routeNotFound: .notFound
            case .methodNotAllowed: .methodNotAllowed
            case .requestTimeout: .requestTimeout
            case .bodyTooLarge: .contentTooLarge
            case .unsupportedMediaType: .unsupportedMediaType
            case .misdirectedRequest: .misdirectedRequest
            case .headersTooLarge: .requestHeaderFieldsTooLarge
            case .idempotencyConflict, .idempotencyInterrupted: .conflict
            case .overloaded, .stopping: .serviceUnavailable
            }
        }
    }

    let status: HTTPResponse.Status
    let document: JSON
    /// Headers that belong to this answer.
    var headers = HTTPFields()

    init(_ code: Code, _ message: String, hint: String? = nil) {
        status = code.status
        var document = JSONObject([
            ("code", .string(code.rawValue)), ("phase", "parsing"), ("message", .string(message)),
        ])
        document["hint"] = hint.map(JSON.string)
        self.document = .object(document)
    }

    init(_ error: CFSError) {
        var error = error
        error.hint = error.hint.map(RestHint.text)
        status = Self.status(of: error)
        document = error.json
    }

    /// Any error as a document; what is none of ours has happened to the connection.
    ///
    /// - Parameter engine: where the engine has its folders, for what is said of a full disk.
    init(any error: any Error, _ engine: EngineOptions) {
        switch error {
        case let error as ServerError: self = error
        case let error as CFSError: self.init(engine.explaining(error))
        case is CancellationError: self.init(.stopping, "the daemon stops", hint: "try again in a moment")
        default:
            self.init(CFSError(.systemCallFailed, .running, "the request could not be carried out: \(error)"))
        }
    }

    var bytes: [UInt8] { document.bytes() + [0x0a] }

    private static func status(of error: CFSError) -> HTTPResponse.Status {
        switch error.code {
        // What is looked for in a container, and is not there.
        case .invalidArgument where error.phase == .looking && error.errno == ENOENT: .notFound
        case .invalidArgument: .badRequest
        // The source of a mount is the caller's to make.
        case .mountFailed where error.errno == ENOENT: .unprocessableContent
        // So is the working directory.
        case .systemCallFailed where error.systemCall == "chdir" && error.phase == .starting: .unprocessableContent
        case .notPermitted: .forbidden
        case .imageNotFound, .containerNotFound, .networkNotFound: .notFound
        case .invalidState, .imageInUse, .networkInUse, .containerNotRunning, .containerRunning, .nameTaken,
            .ambiguousID, .conflict:
            .conflict
        case .invalidConfiguration, .invalidArchive, .unsafeLayer, .imageHasNoCommand, .digestMismatch,
            .commandNotFound, .commandNotExecutable, .terminalRequired, .limitExceeded:
            .unprocessableContent
        case .kernelUnsupported, .cgroupControllerUnavailable: .notImplemented
        case .networkFailed: .badGateway
        case .noSpace: HTTPResponse.Status(code: 507, reasonPhrase: "Insufficient Storage")
        case .interrupted: .serviceUnavailable
        default: .internalServerError
        }
    }
}
