import CFSModel
import Glibc
import TestSupport
import Testing

@testable import CFSLinux

@Suite("Whose a socket is")
struct SocketDiagnosisTests {
    /// A connection on loopback: both ends, with their descriptors.
    private final class Connection {
        /// -1 once it is closed.
        private(set) var client: Int32
        let server: Int32
        var clientEnd = SocketEnd(address: [127, 0, 0, 1], port: 0)
        var serverEnd = SocketEnd(address: [127, 0, 0, 1], port: 0)

        init() {
            let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
            withUnsafePointer(to: &address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = bind(listener, $0, 16) }
            }
            listen(listener, 1)
            serverEnd.port = Self.port(listener)
            address.sin_port = serverEnd.port.bigEndian
            let connecting = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = connect(connecting, $0, 16) }
            }
            client = connecting
            server = accept(listener, nil, nil)
            clientEnd.port = Self.port(client)
            close(listener)
        }

        private static func port(_ descriptor: Int32) -> UInt16 {
            var address = sockaddr_in()
            var size = socklen_t(16)
            withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = getsockname(descriptor, $0, &size) }
            }
            return UInt16(bigEndian: address.sin_port)
        }

        func closeClient() {
            close(client)
            client = -1
        }

        deinit {
            if client != -1 { close(client) }
            close(server)
        }
    }

    @Test("a connected socket has its owner, its inode, its state and its cgroup")
    func connected() throws {
        let connection = Connection()
        let record = try #require(
            try SocketDiagnosis.record(of: connection.clientEnd, connectedTo: connection.serverEnd))
        #expect(record.uid == geteuid())
        #expect(record.state == .established)
        #expect(record.own == connection.clientEnd && record.other == connection.serverEnd)
        var status = stat()
        fstat(connection.client, &status)
        #expect(UInt(record.inode) == status.st_ino)
        #expect(record.cgroup != nil)
    }

    @Test("a socket that was closed has the inode 0: its user says nothing")
    func closed() throws {
        let connection = Connection()
        shutdown(connection.client, Int32(SHUT_RDWR))
        connection.closeClient()
        let record = try SocketDiagnosis.record(of: connection.clientEnd, connectedTo: connection.serverEnd)
        #expect(record == nil || record?.inode == 0)
    }

    @Test("there is none where nobody is connected")
    func none() throws {
        let nowhere = SocketEnd(address: [127, 0, 0, 9], port: 1)
        #expect(
            try SocketDiagnosis.record(of: nowhere, connectedTo: SocketEnd(address: [127, 0, 0, 9], port: 2)) == nil)
    }

    @Test("an answer that was cut anywhere is an error, and never a record")
    func truncated() throws {
        var whole = [UInt8](repeating: 0, count: 88)
        (whole[0], whole[4], whole[16]) = (88, 20, UInt8(AF_INET))
        #expect(try SocketDiagnosisMessage.record(in: whole) != nil)
        for length in 0..<whole.count {
            #expect(throws: CFSError.self) { try SocketDiagnosisMessage.record(in: Array(whole[..<length])) }
        }
    }

    @Test("the number of a cgroup leads to its path")
    func cgroup() throws {
        for mount in ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"] {
            guard File.exists("\(mount)/cgroup.procs"), File.exists("\(mount)/cgroup.controllers") else { continue }
            let opened = try Directory.open(mount)
            let status = try File.status(at: opened.raw)
            let path = try CgroupHandle.path(of: status.inode, mountPoint: mount)
            #expect(path == mount)
        }
    }
}
