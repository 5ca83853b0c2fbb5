import CFSLinux
import CFSModel
import Glibc

/// What a child sends between its clone and its execve.
enum ChildReports {
    /// Reads until the socket closes, which is the child's execve. Returns the outer side of its terminal, if it sent one.
    ///
    /// - Parameter agent: who gets the descriptor of the child's filter, if that has one.
    /// - Throws: the child's own error, or that of the agent, without which the child is killed.
    static func awaitStart(_ socket: Int32, agent: SeccompAgent.OfProcess? = nil) throws(CFSError) -> OwnedFD? {
        var terminal: SharedFD?
        while let (bytes, descriptors) = try MessageSocket.receive(socket) {
            let received = descriptors.map { SharedFD(OwnedFD($0)) }
            switch LaunchMessage(bytes: bytes) {
            case .terminal: terminal = received.first
            case .listener:
                guard let agent, let listener = received.first else { throw notUnderstood() }
                try agent.deliver(listener.raw)
                try MessageSocket.send(socket, LaunchMessage.heard.bytes)
            case .failed(let error): throw error
            default: throw notUnderstood()
            }
        }
        return try terminal?.duplicate()
    }

    private static func notUnderstood() -> CFSError {
        CFSError(.invalidState, .starting, "the child's message is not understood")
    }

    /// The socket closes at execve, but also when the child dies before that: by a signal, it says nothing. The kernel
    /// remembers whether a process has executed anything, also of one that has ended.
    ///
    /// - Parameter isInit: whether the process stays behind as an init, which executes nothing.
    /// - Returns: the start time of the process.
    static func confirmStart(_ pid: Int32, _ pidfd: Int32, isInit: Bool) throws(CFSError) -> UInt64 {
        guard let status = ProcessStatus(of: pid) else { return 0 }
        if isInit {
            if let signal = status.endSignal { throw endedEarly(.signalled(signal, coreDumped: false)) }
        } else if !status.hasExecuted, let end = try ProcessControl.reap(pidfd, wait: true) {
            throw endedEarly(end)
        }
        return status.startTime
    }

    /// The error of a child that ended before its command ran, and could not say why.
    static func endedEarly(_ end: ProcessEnd) -> CFSError {
        let what: String
        var hint: String?
        switch end {
        case .exited(let code): what = "ended with status \(code)"
        case .signalled(let number, _):
            what = "was ended by \(Signal.name(number))"
            if number == SIGSYS { hint = "the seccomp profile ends processes for a system call that every start makes" }
            if number == SIGSEGV { hint = "a seccomp profile that refuses calls which every start makes can do that" }
            if number == SIGKILL { hint = "somebody killed it, or the memory was used up: see dmesg" }
        }
        return CFSError(.monitorFailed, .starting, "the process \(what) before its command ran", hint: hint)
    }
}
