/// The one error that crosses every public boundary of cfs.
///
/// It is data: a stable ``Code``, the ``Phase`` of work that failed and, where there is one, the system call, path and
/// error number. The command line's text, the JSON and the exit status all come from it.
public struct CFSError: Error, Sendable, Hashable {
    /// What went wrong, stable across releases. Codes can be added; none is ever renamed.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Name: String {
            case invalidArgument, invalidConfiguration, invalidArchive, invalidState, unsafeLayer
            case imageNotFound, imageHasNoCommand, imageInUse, digestMismatch
            case containerNotFound, containerNotRunning, containerRunning, nameTaken, ambiguousID
            case commandNotFound, commandNotExecutable
            case notPermitted, kernelUnsupported, cgroupControllerUnavailable
            case mountFailed, systemCallFailed, noSpace, limitExceeded
            case monitorFailed, networkFailed, networkNotFound, networkInUse, registryFailed, terminalRequired,
                conflict, interrupted
        }
        private let name: Name
        private init(_ name: Name) { self.name = name }

        public static let invalidArgument = Code(.invalidArgument)
        public static let invalidConfiguration = Code(.invalidConfiguration)
        public static let invalidArchive = Code(.invalidArchive)
        public static let invalidState = Code(.invalidState)
        public static let unsafeLayer = Code(.unsafeLayer)
        public static let imageNotFound = Code(.imageNotFound)
        public static let imageHasNoCommand = Code(.imageHasNoCommand)
        public static let imageInUse = Code(.imageInUse)
        public static let digestMismatch = Code(.digestMismatch)
        public static let containerNotFound = Code(.containerNotFound)
        public static let containerNotRunning = Code(.containerNotRunning)
        public static let containerRunning = Code(.containerRunning)
        public static let nameTaken = Code(.nameTaken)
        public static let ambiguousID = Code(.ambiguousID)
        public static let commandNotFound = Code(.commandNotFound)
        public static let commandNotExecutable = Code(.commandNotExecutable)
        public static let notPermitted = Code(.notPermitted)
        public static let kernelUnsupported = Code(.kernelUnsupported)
        public static let cgroupControllerUnavailable = Code(.cgroupControllerUnavailable)
        public static let mountFailed = Code(.mountFailed)
        public static let systemCallFailed = Code(.systemCallFailed)
        public static let noSpace = Code(.noSpace)
        public static let limitExceeded = Code(.limitExceeded)
        public static let monitorFailed = Code(.monitorFailed)
        public static let networkFailed = Code(.networkFailed)
        public static let networkNotFound = Code(.networkNotFound)
        public static let networkInUse = Code(.networkInUse)
        public static let registryFailed = Code(.registryFailed)
        public static let terminalRequired = Code(.terminalRequired)
        public static let conflict = Code(.conflict)
        /// Whoever asked for it has ended it.
        public static let interrupted = Code(.interrupted)

        public var description: String { name.rawValue }

        /// The code with this name, as another process wrote it; nil when it is not one of ours.
        public init?(named text: String) {
            guard let name = Name(rawValue: text) else { return nil }
            self.name = name
        }
    }

    /// The part of the work that was under way.
    public enum Phase: String, Sendable, Hashable {
        case parsing, looking, importing, fetching, unpacking, preparing, cloning, mounting, entering
        case limiting, starting, running, stopping, removing, recording
    }

    public var code: Code
    public var phase: Phase
    /// One sentence, lower case, without a full stop: what failed and why.
    public var message: String
    /// The system call that failed, by its manual page's name.
    public var systemCall: String?
    public var path: String?
    /// The kernel's error number (errno(3)).
    public var errno: Int32?
    /// What the user can do about it.
    public var hint: String?

    public init(
        _ code: Code, _ phase: Phase, _ message: String, systemCall: String? = nil, path: String? = nil,
        errno: Int32? = nil, hint: String? = nil
    ) {
        self.code = code
        self.phase = phase
        self.message = message
        self.systemCall = systemCall
        self.path = path
        self.errno = errno
        self.hint = hint
    }

    /// The same error with a hint where it had none.
    public func hinting(_ hint: String) -> CFSError {
        var copy = self
        copy.hint = copy.hint ?? hint
        return copy
    }

    /// The exit status of a command line that ends with this error: 126, 127 or 125 (the convention of `docker run`).
    public var exitStatus: Int32 {
        switch code {
        case .commandNotExecutable: 126
        case .commandNotFound: 127
        default: 125
        }
    }
}

extension CFSError: CustomStringConvertible {
    /// One line: the message, then what the kernel said.
    public var description: String {
        var text = message
        if let errno {
            let call = systemCall.map { "\($0): " } ?? ""
            text += " (\(call)\(ErrorNumber.text(errno)))"
        }
        return text
    }
}
