import CFSLinux
import CFSModel
import Glibc

/// What a child sends between its clone and its execve.
enum ChildReports {
    /// Reads until the socket closes, which is the child's execve. Returns the outer side of its terminal, if it sent one.
    /// - Throws: the child's own error.
    static func awaitStart(_ socket: Int32) throws(CFSError) -> OwnedFD? {
        var terminal: Int32?
        while let (bytes, descriptors) = try MessageSocket.receive(socket) {
            switch LaunchMessage(bytes: bytes) {
            case .terminal: terminal = descriptors.first
            case .failed(let error):
                if let terminal { _ = close(terminal) }
                throw error
            default: throw CFSError(.invalidState, .starting, "the child's message is not understood")
            }
        }
        return terminal.map { OwnedFD($0) }
    }
}
