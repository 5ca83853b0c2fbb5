import CFSModel

/// What launcher and child say to each other over their socket. The declaration order is the order of the protocol:
///
///     launcher                                child
///        |                                      |  own namespaces, loopback
///        |--------------- plan ---------------->|  (the plan can be read now)
///        |                                      |  host name
///        |------------- proceed --------------->|  (id maps are written; carries the mounts' descriptors)
///        |                                      |  identity, mounts, masks, pivot, ...
///        |<------------ terminal ---------------|  (only with a terminal; carries its outer side)
///        |----------------- go ---------------->|  (only with networks that are made meanwhile: they are there)
///        |<------------ listener ---------------|  (only with a filter that asks; carries its descriptor)
///        |-------------- heard ---------------->|  (whoever decides about calls has it)
///        |<------------ failed -----------------|  (instead of execve)
///        |<--- the socket closes at execve -----|
///
/// A start that is held (``HeldStart``) has more of them in between:
///
///     launcher                                child
///        |<------------- mounted ---------------|  (only with hooks at that point; the root is not changed yet)
///        |-------------- hooked --------------->|  (they ran; the child goes on with its own)
///        |<-------------- ready ----------------|  (all is made but the command)
///        |------------- released -------------->|  (the container is on record: its end is no longer the launcher's)
///     starter, perhaps another process          |
///        |---------------- go ----------------->|
enum LaunchMessage: Equatable {
    case plan
    case proceed(uid: UInt32, gid: UInt32, groups: [UInt32], home: String)
    case terminal
    case listener
    case heard
    case mounted
    /// The state that the child's own hooks read.
    case hooked(state: String)
    case ready
    /// The state that the hooks before the command read.
    case released(state: String)
    case go
    case failed(CFSError)

    var bytes: [UInt8] {
        switch self {
        case .plan: Self.join(["plan"])
        case .proceed(let uid, let gid, let groups, let home):
            Self.join(["proceed", "\(uid)", "\(gid)", groups.map { "\($0)" }.text(separator: ","), home])
        case .terminal: Self.join(["terminal"])
        case .listener: Self.join(["listener"])
        case .heard: Self.join(["heard"])
        case .mounted: Self.join(["mounted"])
        case .hooked(let state): Self.join(["hooked", state])
        case .ready: Self.join(["ready"])
        case .released(let state): Self.join(["released", state])
        case .go: Self.join(["go"])
        case .failed(let error):
            Self.join([
                "failed", "\(error.code)", error.phase.rawValue, error.message, error.systemCall ?? "",
                error.path ?? "",
                error.errno.map(String.init) ?? "", error.hint ?? "",
            ])
        }
    }

    /// Reads a message; nil when it is none of the above.
    init?(bytes: [UInt8]) {
        let fields = bytes.split(separator: 0, omittingEmptySubsequences: false).map {
            String(decoding: $0, as: UTF8.self)
        }
        switch (fields.first, fields.count) {
        case ("proceed", 5):
            guard let uid = UInt32(fields[1]), let gid = UInt32(fields[2]) else { return nil }
            let groups = fields[3].split(separator: ",").compactMap { UInt32($0) }
            self = .proceed(uid: uid, gid: gid, groups: groups, home: fields[4])
        case ("plan", 1): self = .plan
        case ("terminal", 1): self = .terminal
        case ("listener", 1): self = .listener
        case ("heard", 1): self = .heard
        case ("mounted", 1): self = .mounted
        case ("hooked", 2): self = .hooked(state: fields[1])
        case ("ready", 1): self = .ready
        case ("released", 2): self = .released(state: fields[1])
        case ("go", 1): self = .go
        case ("failed", 8):
            guard let code = CFSError.Code(named: fields[1]), let phase = CFSError.Phase(rawValue: fields[2]) else {
                return nil
            }
            func optional(_ text: String) -> String? { text.isEmpty ? nil : text }
            self = .failed(
                CFSError(
                    code, phase, fields[3], systemCall: optional(fields[4]), path: optional(fields[5]),
                    errno: Int32(fields[6]),
                    hint: optional(fields[7])))
        default: return nil
        }
    }

    private static func join(_ fields: [String]) -> [UInt8] { Array(fields.text(separator: "\u{0}").utf8) }
}
