import CFSLinux
import CFSModel
import CLinux
import Glibc

/// Whoever decides about the calls that a filter asks for: what it is told at its socket, beside the descriptor
/// (runtime-spec 1.3.0, config-linux.md, The Container Process State).
public struct SeccompAgent: Sendable, Hashable {
    let listener: SeccompProfile.Listener
    let version: String
    let state: RuntimeState

    /// - Parameters:
    ///   - version: of the specification that what is told complies with.
    ///   - state: the container's at the moment of the start.
    public init(_ listener: SeccompProfile.Listener, version: String, state: RuntimeState) {
        self.listener = listener
        self.version = version
        self.state = state
    }

    /// An agent, and the process that its calls come from.
    public struct OfProcess {
        let agent: SeccompAgent
        let pid: Int32
        let pidfd: Int32

        public init(agent: SeccompAgent, pid: Int32, pidfd: Int32) {
            self.agent = agent
            self.pid = pid
            self.pidfd = pidfd
        }

        /// Sends the descriptor. Where that fails the process is killed: it could wait for ever at any call, its own end too.
        func deliver(_ descriptor: Int32) throws(CFSError) {
            do throws(CFSError) {
                try agent.deliver(descriptor, pid: pid)
            } catch {
                try ProcessControl.signal(pidfd, SIGKILL)
                throw error
            }
        }
    }

    /// Looks whether a socket for streams has the path, before anything is made. It is not connected to: an agent gets exactly
    /// one state by each connection.
    public func check() throws(CFSError) {
        let result = Int(cfs_unix_connect_datagram(listener.path))
        if result >= 0 { _ = close(Int32(result)) }
        if result != -Int(EPROTOTYPE) { throw unreachable("connect", result >= 0 ? EPROTOTYPE : Int32(-result)) }
    }

    /// One connection, one state, and the end of both.
    func deliver(_ descriptor: Int32, pid: Int32) throws(CFSError) {
        let connected = Int(cfs_unix_connect_stream(listener.path))
        if connected < 0 { throw unreachable("connect", Int32(-connected)) }
        let socket = OwnedFD(connected)
        let bytes = message(pid: pid).bytes()
        let failure = bytes.withUnsafeBytes { bytes in
            var sent = 0
            while sent < bytes.count {
                let rest = UnsafeRawBufferPointer(rebasing: bytes[sent...])
                // With the first bytes only.
                let result = Int(
                    cfs_send_fds(socket.raw, rest.baseAddress, rest.count, [descriptor], sent == 0 ? 1 : 0, 0))
                if result < 0 { return Int32(-result) }
                sent += result
            }
            return 0
        }
        if failure != 0 { throw unreachable("sendmsg", failure) }
    }

    func message(pid: Int32) -> JSON {
        var out = JSONBuilder()
        out.set("ociVersion", version)
        out.set("fds", ["seccompFd"])
        out.set("pid", Int(pid))
        out.set("metadata", listener.metadata)
        out.set("state", state.json)
        return out.json
    }

    private func unreachable(_ call: String, _ number: Int32) -> CFSError {
        CFSError(
            .systemCallFailed, .starting,
            "seccomp.listenerPath: nobody takes the filter's descriptor at \(listener.path)",
            systemCall: call, path: listener.path, errno: number,
            hint: "an agent must listen there, at a Unix socket for streams, before the process starts")
    }
}
