import CFSLinux
import CFSModel
import CFSNamespaces

/// What a monitor (or an exec session) and its clients say to each other: one JSON object a message.
public enum MonitorMessage: Sendable, Equatable {
    /// Client: what can be done before the rest is known. May come before ``start(container:run:trace:)``, once.
    case prepare(StartPreparation)
    /// Client: the container to start, by its folder and its run folder; whether an output ends for it when the client's
    /// reader of it has gone; whether the command's input stays open with nobody there to write, for clients that attach;
    /// and when its creation went through which phase.
    case start(container: String, run: String, endsWithReader: Bool, keepsInput: Bool, trace: [Timeline.Mark])
    /// Client: a process to start in a running container; the same folders, and the process object.
    case enter(container: String, run: String, process: EntryRequest)
    /// Client: sends a signal to the first process.
    case signal(Int32)
    /// Client: like ``signal(_:)``, and whatever ends then is not started again.
    case stop(Int32)
    /// Client: the terminal has this size now.
    case resize(rows: UInt16, columns: UInt16)
    /// Client: which version does the monitor speak? With the client's own.
    case hello(version: Int)
    /// Client: joins the streams, with descriptors.
    case attach(AttachRequest)
    /// Client: puts the container on a network, or takes it off one. Answered with ``changed`` or ``failed(_:)``. The
    /// descriptors that come along stay open until then: the lock on the container's configuration.
    case network(NetworkChange)
    /// Client: keeps a container that waits for its next run from it as long as the connection lasts. Answered with
    /// ``changed``.
    case hold
    /// Client: lets the container stand still, which it does itself, as long as the connection lasts. The descriptor that comes
    /// along is that of ``ContainerFolder/standstillPath``, locked: while the file is there when the connection has ended, its
    /// client was killed, and the container goes on. Answered with ``changed``.
    case standstill
    /// Monitor: what was asked for is done.
    case changed
    /// Monitor: the answer to ``hello(version:)``.
    case version(Int, features: [String])
    /// Monitor: the client has joined the streams.
    case attached(AttachAnswer)
    /// Monitor, to an attached client: what it did not get since it was told last.
    case skipped(SkippedOutput)
    /// Monitor: a message was not understood, or what it asks for is not possible. The connection stays.
    case refused(String)
    /// Something that only a newer monitor or client knows, by its name.
    case unknown(String)
    /// Monitor: the command runs.
    case started(pid: Int32)
    /// Monitor: the start, or a change, failed; nothing of it is left.
    case failed(CFSError)
    /// Monitor, to who started it: an output could not be written where it wants it.
    case unwritten(UnwrittenOutput)
    /// Monitor: the command has ended; what is to be cleaned up goes now. A client may do its own part meanwhile.
    case ending
    /// Monitor: the command has ended, and what was to be cleaned up is gone.
    case exited(ExitRecord)

    /// A process for `exec`.
    public struct EntryRequest: Sendable, Equatable {
        public var process: JSON
        public var user: String
        public var privileged: Bool
        public var interactive: Bool
        public var seccompFilter: String?
        /// Whether an output ends for the process when the client's reader of it has gone.
        public var endsWithReader = false

        public init(process: JSON, user: String, privileged: Bool, interactive: Bool, seccompFilter: String?) {
            self.process = process
            self.user = user
            self.privileged = privileged
            self.interactive = interactive
            self.seccompFilter = seccompFilter
        }
    }

    public var bytes: [UInt8] { json.bytes() }

    /// Messages up to this size go as they are; arguments and variables of a command may be larger (execve(2)).
    private static let inlineLimit = 32 << 10

    /// Sends the message; a large one lies in a file in memory whose descriptor is sent.
    public func send(to socket: Int32) throws(CFSError) {
        let bytes = bytes
        guard bytes.count > Self.inlineLimit else { return try MessageSocket.send(socket, bytes) }
        let file = try MemoryFile.make("message")
        try File.writeAll(file.raw, bytes)
        try MessageSocket.send(socket, [0], descriptors: [file.raw])
    }

    /// The next message; nil when the other end is closed.
    public static func receive(from socket: Int32) throws(CFSError) -> MonitorMessage? {
        guard let (bytes, descriptors) = try MessageSocket.receive(socket) else { return nil }
        let files = descriptors.map { SharedFD(OwnedFD($0)) }
        guard let file = files.first else { return try MonitorMessage(parsing: bytes) }
        // Opened anew: the sender has moved the position that both share.
        return try MonitorMessage(parsing: try File.readAll(at: "/proc/self/fd/\(file.raw)"))
    }

    private var json: JSON {
        switch self {
        case .prepare(let preparation): return preparation.json
        case .start(let container, let run, let endsWithReader, let keepsInput, let trace):
            let marks = trace.map { mark -> JSON in ["phase": .string(mark.name), "at": JSON(unsigned: mark.at)] }
            return [
                "do": "start", "container": .string(container), "run": .string(run),
                "endsWithReader": .bool(endsWithReader), "keepsInput": .bool(keepsInput), "trace": .array(marks),
            ]
        case .enter(let container, let run, let request):
            return [
                "do": "enter", "container": .string(container), "run": .string(run), "process": request.process,
                "user": .string(request.user), "privileged": .bool(request.privileged),
                "interactive": .bool(request.interactive),
                "seccompFilter": request.seccompFilter.map(JSON.string) ?? .null,
                "endsWithReader": .bool(request.endsWithReader),
            ]
        case .signal(let number): return ["do": "signal", "number": .integer(Int64(number))]
        case .stop(let number): return ["do": "stop", "number": .integer(Int64(number))]
        case .resize(let rows, let columns):
            return ["do": "resize", "rows": .integer(Int64(rows)), "columns": .integer(Int64(columns))]
        case .hello(let version): return ["do": "hello", "version": .integer(Int64(version))]
        case .attach(let request): return request.json
        case .network(let change): return change.json
        case .hold: return ["do": "hold"]
        case .standstill: return ["do": "standstill"]
        case .changed: return ["event": "changed"]
        case .version(let version, let features):
            return ["event": "version", "version": .integer(Int64(version)), "features": JSON(features)]
        case .attached(let answer): return answer.json
        case .skipped(let output): return output.json
        case .refused(let reason): return ["event": "refused", "reason": .string(reason)]
        case .unknown(let name): return ["do": .string(name)]
        case .started(let pid): return ["event": "started", "pid": .integer(Int64(pid))]
        case .failed(let error): return ["event": "failed", "error": error.json]
        case .unwritten(let output):
            return [
                "event": "unwritten", "stream": .string(output.stream.rawValue), "errno": .integer(Int64(output.errno)),
            ]
        case .ending: return ["event": "ending"]
        case .exited(let record): return ["event": "exited", "record": record.json]
        }
    }

    /// Reads a message.
    public init(parsing bytes: [UInt8]) throws(CFSError) {
        let json = try JSON(parsing: bytes, what: "the message")
        guard let message = try Self.read(json) else {
            throw CFSError(.monitorFailed, .running, "a message of the monitor is not understood: \(json.text())")
        }
        self = message
    }

    private static func read(_ json: JSON) throws(CFSError) -> MonitorMessage? {
        switch json["do"]?.string ?? json["event"]?.string {
        case "hold": return .hold
        case "standstill": return .standstill
        case "prepare":
            guard let preparation = try StartPreparation(json: json) else { return nil }
            return .prepare(preparation)
        case "start":
            guard let container = json["container"]?.string, let run = json["run"]?.string else { return nil }
            let marks = (json["trace"]?.array ?? []).compactMap { mark in
                mark["at"]?.unsigned.map { Timeline.Mark(name: mark["phase"]?.string ?? "", at: $0) }
            }
            return .start(
                container: container, run: run, endsWithReader: json["endsWithReader"]?.bool ?? false,
                keepsInput: json["keepsInput"]?.bool ?? false, trace: marks)
        case "enter":
            guard let container = json["container"]?.string, let run = json["run"]?.string,
                let process = json["process"]
            else {
                return nil
            }
            var request = EntryRequest(
                process: process, user: json["user"]?.string ?? "", privileged: json["privileged"]?.bool ?? false,
                interactive: json["interactive"]?.bool ?? false, seccompFilter: json["seccompFilter"]?.string)
            request.endsWithReader = json["endsWithReader"]?.bool ?? false
            return .enter(container: container, run: run, process: request)
        case "signal": return json["number"]?.integer.flatMap { (1...64).contains($0) ? .signal(Int32($0)) : nil }
        case "stop": return json["number"]?.integer.flatMap { (1...64).contains($0) ? .stop(Int32($0)) : nil }
        case "resize":
            guard let rows = json["rows"]?.unsigned, let columns = json["columns"]?.unsigned else { return nil }
            return .resize(rows: UInt16(clamping: rows), columns: UInt16(clamping: columns))
        case "hello": return .hello(version: Int(clamping: json["version"]?.integer ?? 1))
        case "attach": return .attach(AttachRequest(json: json))
        case "network": return NetworkChange(json: json).map { .network($0) }
        case "changed": return .changed
        case "version":
            return json["version"]?.integer.map {
                .version(Int(clamping: $0), features: json["features"]?.strings ?? [])
            }
        case "attached": return AttachAnswer(json: json).map { .attached($0) }
        case "skipped": return .skipped(SkippedOutput(json: json))
        case "refused": return .refused(json["reason"]?.string ?? "")
        case "started": return json["pid"]?.integer.map { .started(pid: Int32(clamping: $0)) }
        case "failed": return json["error"].flatMap { CFSError(json: $0) }.map { .failed($0) }
        case "unwritten":
            guard let stream = json["stream"]?.string.flatMap({ LogStream(rawValue: $0) }),
                let number = json["errno"]?.integer
            else { return nil }
            return .unwritten(UnwrittenOutput(stream: stream, errno: Int32(clamping: number)))
        case "ending": return .ending
        case "exited": return json["record"].flatMap { ExitRecord(json: $0) }.map { .exited($0) }
        case let name?: return .unknown(name)
        case nil: return nil
        }
    }
}
