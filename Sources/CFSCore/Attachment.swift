import CFSLinux
import CFSModel
import CFSMonitor
import Glibc

/// One's own part in the streams of a running container: see ``Container/attach(input:)``.
///
/// Letting go of it leaves the container as it is.
public final class Attachment: Sendable {
    /// Tells how the container ends, and what was skipped; signals and sizes of the terminal go there.
    public let session: Session
    /// Whether the container has a terminal: all output comes as ``LogStream/stdout`` then.
    public let hasTerminal: Bool
    /// What the container writes from now on, as it comes, until its end.
    public let output: OutputPieces
    private let input: OutputPipe?

    /// The reading ends of output and error; whoever reads them leaves ``output`` alone.
    package let ends: (output: SharedFD, error: SharedFD)
    /// The writing end of the input; nil when the container takes none.
    package let inputEnd: SharedFD?

    fileprivate init(
        _ session: Session, _ answer: AttachAnswer, output: SharedFD, error: SharedFD, input: SharedFD?
    ) {
        self.session = session
        hasTerminal = answer.terminal
        ends = (output, error)
        inputEnd = input
        self.output = OutputPieces(output: output, errors: error)
        self.input = input.map { OutputPipe($0) }
    }

    /// Whether the container takes input, of this client.
    public var takesInput: Bool { inputEnd != nil }

    /// Writes to the container's standard input; waits while it does not read.
    ///
    /// - Throws: `invalidState` where no input is taken.
    public func write(_ bytes: [UInt8]) async throws(CFSError) {
        guard let input else {
            throw CFSError(.invalidState, .running, "the container takes no input")
        }
        try await Blocking.run { () throws(CFSError) in try input.write(bytes) }
    }
}

extension Container {
    /// Joins the streams of the running container, beside whoever started it and any number of others.
    ///
    /// Output comes from now on; what was written before stands in ``logs(_:_:)``. Nobody waits for a client: it has a pipe
    /// of 1 MiB (or what pipe(7) allows), and what does not fit is skipped, which ``SessionEvent/skipped(_:)`` tells.
    ///
    /// Input of several clients goes to the container as it comes. The end of one client's input is not the end of the
    /// container's: that ends with the input of a starter in front, or stays open to the end when it was started with
    /// ``Streams/none``, and on a terminal.
    ///
    /// - Parameter input: whether to write to the container, if it was made interactive.
    /// - Throws: `containerNotRunning`; `conflict` for a paused one; `monitorFailed` when its monitor is of a cfs that could
    ///   not do this yet.
    public func attach(input: Bool = true) throws(CFSError) -> Attachment {
        try engine.requirePrivilege("attaching to a container")
        let record = try record()
        if case .paused = record.state {
            throw pausedError(record, .running, "nothing would come")
        }
        let row = try row()
        let monitor = try MonitorCall(self, row, tooOld: Self.tooOld(record.name))
        try monitor.require(MonitorProtocol.attaching)
        let (out, error) = (try Pipe(), try Pipe())
        let typed = input ? try Pipe() : nil
        var theirs = [out.writing.raw, error.writing.raw]
        if let typed { theirs.append(typed.reading.raw) }
        try monitor.tell(.attach(AttachRequest(input: input)), descriptors: theirs)
        extendLifetime((out, error, typed))
        switch try monitor.answer() {
        case .attached(let answer):
            let session = Session(pid: answer.pid, socket: SharedFD(try monitor.socket.fd.duplicate()), helper: nil) {}
            engine.note("attach", row)
            engine.remember("attach", row)
            return Attachment(
                session, answer, output: out.reading, error: error.reading,
                input: answer.input ? typed?.writing : nil)
        case .refused(let reason):
            throw CFSError(.monitorFailed, .running, "the container \(record.name) cannot be attached to: \(reason)")
        default: throw CFSError(.monitorFailed, .running, "the answer of the monitor is not understood")
        }
    }

    private static func tooOld(_ name: String) -> CFSError {
        CFSError(
            .monitorFailed, .running, "the container \(name) cannot be attached to: its monitor is of an older cfs",
            hint: "`cfs logs -f \(name)` shows its output; started anew, it has the monitor of this cfs")
    }
}
