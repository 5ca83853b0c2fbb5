import CFSLinux
import CFSModel

/// The version of what monitors and their clients say to each other.
///
/// Version 1 had no way to ask for it: a monitor of then ends the connection at a message that it does not know. From 2 on
/// such a message is answered with ``MonitorMessage/refused(_:)``, and a client passes over what it does not know.
public enum MonitorProtocol {
    public static let version = 2
    /// What a monitor can be asked for beside what version 1 had.
    public static let features = [attaching, networking, standingStill]
    /// The feature of ``MonitorMessage/attach(_:)``.
    public static let attaching = "attach"
    /// The feature of ``MonitorMessage/network(_:)``.
    public static let networking = "network"
    /// The feature of ``MonitorMessage/standstill``.
    public static let standingStill = "standstill"
}

/// A client that wants to join the streams of a container. The writing ends of two pipes, for output and error, come with
/// the message, and then the reading end of one more if it has input (SCM_RIGHTS of unix(7)).
public struct AttachRequest: Sendable, Equatable {
    public var input: Bool

    public init(input: Bool) { self.input = input }

    var json: JSON { ["do": "attach", "input": .bool(input)] }

    init(json: JSON) { input = json["input"]?.bool ?? false }
}

/// What a client joins.
public struct AttachAnswer: Sendable, Equatable {
    /// The container's first process, as the host sees it.
    public var pid: Int32
    /// Whether it has a terminal: all output is one stream then.
    public var terminal: Bool
    /// Whether input is taken at this moment.
    public var input: Bool

    public init(pid: Int32, terminal: Bool, input: Bool) {
        self.pid = pid
        self.terminal = terminal
        self.input = input
    }

    var json: JSON {
        [
            "event": "attached", "pid": .integer(Int64(pid)), "terminal": .bool(terminal), "input": .bool(input),
        ]
    }

    init?(json: JSON) {
        guard let pid = json["pid"]?.integer else { return nil }
        self.init(
            pid: Int32(clamping: pid), terminal: json["terminal"]?.bool ?? false, input: json["input"]?.bool ?? false)
    }
}

/// Output that an attached client did not get, because its pipe was full when it came. A container's log has it.
public struct SkippedOutput: Sendable, Hashable {
    /// In bytes.
    public var output: Int
    public var error: Int

    public init(output: Int = 0, error: Int = 0) {
        self.output = output
        self.error = error
    }

    public var total: Int { output + error }

    var json: JSON {
        ["event": "skipped", "stdout": .integer(Int64(output)), "stderr": .integer(Int64(error))]
    }

    init(json: JSON) {
        self.init(
            output: Int(clamping: json["stdout"]?.unsigned ?? 0), error: Int(clamping: json["stderr"]?.unsigned ?? 0))
    }
}
