import CFSModel
import Glibc
import Testing

@testable import CFSNetworks

@Suite("Which kinds of devices the kernel has", .enabled(if: geteuid() == 0, "it makes network namespaces"))
struct LinkSupportTests {
    @Test("a kind is there or not, and asking makes nothing")
    func kinds() throws {
        try withPrivateNetwork {
            var socket = try RouteSocket()
            let before = try socket.links().map(\.name)
            for (kind, isThere) in [("bridge", true), ("veth", true), ("cfs-no-such", false)] {
                let answer = try socket.canMake(kind)
                #expect(answer == isThere, "\(kind)")
            }
            let after = try socket.links().map(\.name)
            #expect(after == before)
        }
    }
}
