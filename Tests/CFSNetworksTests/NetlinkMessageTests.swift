import Testing

@testable import CFSNetworks

@Suite("Messages of netlink")
struct NetlinkMessageTests {
    @Test("a message has its length, kind, flags and number before it; attributes are padded, nested ones counted")
    func written() {
        var message = NetlinkMessage(16, [.request, .acknowledge])
        message.append(UInt32(7))
        message.append(3, "lo")
        message.append(nesting: 18) { $0.append(1, UInt8(9)) }
        let body: [UInt8] = [
            7, 0, 0, 0, 7, 0, 3, 0, 0x6c, 0x6f, 0, 0, 12, 0, 18, 0x80, 5, 0, 1, 0, 9, 0, 0, 0,
        ]
        #expect(message.bytes(sequence: 5) == [40, 0, 0, 0, 16, 0, 5, 0, 5, 0, 0, 0, 0, 0, 0, 0] + body)
        let read = NetlinkAttributes(message.body.dropFirst(4))
        #expect(read.text(3) == "lo" && read.nested(18)?.number(1, UInt8.self) == 9 && read[4] == nil)
        #expect(read.number(18, UInt32.self) == nil)
    }

    @Test("attributes that are cut off or too short end the list", arguments: 0..<12)
    func cut(_ count: Int) {
        let bytes: [UInt8] = [8, 0, 1, 0, 1, 2, 3, 4, 9, 0, 2, 0]
        #expect(NetlinkAttributes(bytes[..<count]).all.map(\.kind) == (count < 8 ? [] : [1]))
        #expect(NetlinkAttributes([0, 0, 1, 0, 1, 2, 3, 4][...]).all.isEmpty)
    }
}
