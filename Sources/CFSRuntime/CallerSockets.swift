import CFSLinux
import CFSModel
import CFSNamespaces
import CLinux

/// The socket at which a container waits for the word to start. Its path may be longer than a socket's name can be, so both
/// sides name it by the descriptor of its folder.
enum Gate {
    static func listen(_ container: RuntimeContainer) throws(CFSError) -> OwnedFD {
        let folder = try Directory.open(container.folder)
        return try MessageSocket.listen(at: "/proc/self/fd/\(folder.raw)/gate", backlog: 16)
    }

    /// Gives the word, and waits until the command runs.
    ///
    /// - Parameter agent: who decides about calls of the container, if its filter asks. One that is not there is an error
    ///   before the word.
    static func open(_ container: RuntimeContainer, _ agent: SeccompAgent?) throws(CFSError) {
        let folder = try Directory.open(container.folder)
        let gate = "/proc/self/fd/\(folder.raw)/gate"
        guard let agent, let process = try container.process() else { return try HeldProcess.start(gate: gate) }
        try agent.check()
        try HeldProcess.start(
            gate: gate, agent: SeccompAgent.OfProcess(agent: agent, pid: container.document.pid, pidfd: process.raw))
    }
}

/// The caller's socket that takes a container's terminal (`--console-socket`).
enum ConsoleSocket {
    static func send(_ terminal: SharedFD?, to path: String) throws(CFSError) {
        guard let terminal else { throw CFSError(.invalidState, .starting, "the container sent no terminal") }
        // Line feeds go out as they come: whoever holds the other side has a terminal of its own.
        try checked(Int(cfs_terminal_plain_output(terminal.raw)), "tcsetattr", .starting)
        try send(descriptor: terminal.raw, name: "/dev/ptmx", to: path)
    }

    static func send(descriptor: Int32, name: String, to path: String) throws(CFSError) {
        let socket = OwnedFD(try checked(Int(cfs_unix_connect_stream(path)), "connect", .starting, path: path))
        try MessageSocket.send(socket.raw, Array(name.utf8), descriptors: [descriptor])
    }
}
