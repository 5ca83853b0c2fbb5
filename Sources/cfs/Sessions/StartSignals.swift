import CFSCore
import CFSLinux
import Glibc

/// The signals that cfs takes in the place of its command. While that starts, those that end a program end the start; the
/// others wait for the command.
final class StartSignals {
    /// What people and supervisors send to end a program. A list: the first use of a set makes the runtime search for
    /// conformances.
    private static let ending = [SIGHUP, SIGINT, SIGQUIT, SIGTERM]

    private let signals: SignalDescriptor
    private var early: [Int32] = []
    /// The signal that has ended the start, if one has.
    private var interrupter: Int32?

    /// What the signal has done, for the message.
    private let effect: String

    /// - Parameter isAttached: whether the command gets its caller's signals from its start on.
    init(
        isAttached: Bool, effect: String = "came before the command ran: the start was ended"
    ) throws(CFSError) {
        self.effect = effect
        signals = try SignalDescriptor(isAttached ? AttachedSession.forwarded + [SIGCONT] : Self.ending)
    }

    var descriptor: Int32 { signals.fd.raw }

    /// Ends a start.
    var interruption: StartInterruption {
        StartInterruption(descriptor: descriptor) { () throws(CFSError) in
            for number in try self.signals.pending() {
                guard Self.ending.contains(number) else {
                    self.early.append(number)
                    continue
                }
                self.interrupter = number
                throw CFSError(.interrupted, .starting, "\(Signal.name(number)) \(self.effect)")
            }
        }
    }

    /// Those that came during the start.
    func takeEarly() -> [Int32] {
        defer { early = [] }
        return early
    }

    /// Those that have come since.
    func pending() throws(CFSError) -> [Int32] { try signals.pending() }

    /// Runs what takes away again what it has made when it is ended; gives the exit status.
    static func guarding(
        _ work: String, _ body: (StartInterruption) throws(CFSError) -> Void
    ) throws(CFSError) -> Int32 {
        let signals = try StartSignals(isAttached: false, effect: "came: \(work) was ended")
        do throws(CFSError) {
            try body(signals.interruption)
            return 0
        } catch {
            return try signals.status(after: error)
        }
    }

    /// The exit status of a start that failed: 128 and the number of the signal that ended it.
    ///
    /// - Throws: the error, when no signal did.
    func status(after error: CFSError) throws(CFSError) -> Int32 {
        guard error.code == .interrupted, let interrupter else { throw error }
        StandardError.write(ErrorText.text(error, style: StandardError.style))
        return 128 + interrupter
    }
}
