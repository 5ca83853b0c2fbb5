import CFSLinux
import CFSModel
import Glibc
import TestSupport
import Testing

@testable import CFSMonitor

@Suite("Addresses whose connections are still to be forgotten", .enabled(if: geteuid() == 0, "it asks the kernel"))
struct LeavingAddressesTests {
    /// Of nobody: RFC 5737 and RFC 3849.
    private static let addresses = ["203.0.113.7", "2001:db8::7"].compactMap { IPAddress($0) }

    private let networks = TemporaryDirectory()

    private func noted() throws -> [String] {
        let folder = try Directory.open(networks("leaving"))
        return try Directory.names(folder.raw).filter { $0 != "lock" }.sorted()
    }

    @Test("what is noted stays until somebody sees to it, who sees to all of it")
    func all() throws {
        let leaving = LeavingAddresses(networks.path)
        for address in Self.addresses { try leaving.note([address]) }
        try leaving.note(Self.addresses)
        #expect(try noted() == ["2001:db8::7", "203.0.113.7"])
        try LeavingAddresses(networks.path).forget()
        #expect(try noted().isEmpty)
        try leaving.forget()
        #expect(try noted().isEmpty)
    }

    @Test("whoever gets an address that is noted sees to it, and who gets another does not")
    func next() throws {
        let leaving = LeavingAddresses(networks.path)
        // Before anybody has left.
        try leaving.clear(Self.addresses)
        #expect(!File.exists(networks("leaving")))
        try leaving.note([Self.addresses[0]])
        try leaving.clear([Self.addresses[1]])
        #expect(try noted() == ["203.0.113.7"])
        try leaving.clear(Self.addresses)
        #expect(try noted().isEmpty)
    }
}
