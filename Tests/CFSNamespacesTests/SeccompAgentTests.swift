import CFSModel
import Glibc
import TestSupport
import Testing

@testable import CFSNamespaces

@Suite("Who decides about calls that a filter asks for")
struct SeccompAgentTests {
    private static func agent(_ path: String, _ metadata: String? = nil) -> SeccompAgent {
        SeccompAgent(
            .init(path: path, metadata: metadata), version: "1.3.0",
            state: RuntimeState(ociVersion: "1.2.0", id: "a", status: .created, pid: 5, bundle: "/b"))
    }

    @Test("it is told of the descriptor, the process and the container")
    func message() {
        #expect(
            Self.agent("/a", "x").message(pid: 7).text()
                == #"{"ociVersion":"1.3.0","fds":["seccompFd"],"pid":7,"metadata":"x","# + state)
        #expect(
            Self.agent("/a").message(pid: 7).text() == #"{"ociVersion":"1.3.0","fds":["seccompFd"],"pid":7,"# + state)
    }

    private let state = #""state":{"ociVersion":"1.2.0","id":"a","status":"created","pid":5,"bundle":"/b"}}"#

    @Test("only a socket of another type is taken for one, and not connected to")
    func check() throws {
        let folder = TemporaryDirectory()
        let path = folder("agent")
        func refusal() -> Int32? {
            let error = #expect(throws: CFSError.self) { try Self.agent(path).check() }
            #expect(error?.path == path && error?.message.contains("seccomp.listenerPath") == true)
            return error?.errno
        }
        #expect(refusal() == ENOENT)
        folder.write("", to: "agent")
        #expect(refusal() == ECONNREFUSED)
        for (type, isRight) in [(SOCK_DGRAM, false), (SOCK_STREAM, true)] {
            unlink(path)
            let socket = Glibc.socket(AF_UNIX, Int32(type.rawValue), 0)
            defer { close(socket) }
            try Self.bind(socket, path)
            guard isRight else {
                #expect(refusal() == EPROTOTYPE)
                continue
            }
            #expect(listen(socket, 1) == 0)
            try Self.agent(path).check()
            var waiting = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
            #expect(poll(&waiting, 1, 0) == 0, "somebody has connected")
        }
    }

    private static func bind(_ socket: Int32, _ path: String) throws {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.bind(socket, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        try #require(result == 0)
    }
}
