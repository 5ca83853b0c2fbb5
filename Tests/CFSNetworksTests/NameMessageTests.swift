import Testing

@testable import CFSModel
@testable import CFSNetworks

@Suite("Messages of the DNS")
struct NameMessageTests {
    private let query = NameQuery(id: 0xabcd, name: DomainName("Web")!, type: .a)

    private func read(_ bytes: [UInt8]) -> NameQuery.Reading { NameQuery.read(bytes[...]) }

    /// The code of a packet that answers a wrong one.
    private func fault(_ bytes: [UInt8]) -> UInt16? {
        guard case .fault(let answer) = read(bytes), answer.count == 12, answer[0] == bytes[0], answer[1] == bytes[1],
            answer[2] & 0x80 != 0
        else { return nil }
        return UInt16(answer[3] & 0xf)
    }

    @Test("a query is read as it was written, with EDNS and without; what stands behind it is no part of it")
    func read() {
        #expect(read(query.bytes) == .query(query, length: 21))
        #expect(read(query.bytes + [1, 2, 3]) == .query(query, length: 21))
        var extended = query
        extended.extended = NameQuery.Extension(size: 1232, version: 0)
        #expect(read(extended.bytes) == .query(extended, length: 32))
        extended.extended?.size = 100
        guard case .query(let small, _) = read(extended.bytes) else {
            Issue.record("no query")
            return
        }
        #expect(small.sizeLimit == 512)
    }

    @Test("an answer has the number, the question in its case, and a pointer to it")
    func answered() {
        let address = IPAddress("10.89.0.2")!
        let question: [UInt8] = [3, 0x57, 0x65, 0x62, 0, 0, 1, 0, 1]
        let head: [UInt8] = [0xab, 0xcd, 0x85, 0x80, 0, 1, 0, 1, 0, 0, 0, 0]
        let record: [UInt8] = [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 10, 89, 0, 2]
        #expect(query.answer(.noError, [NameRecord(address)], isAuthoritative: true) == head + question + record)
        var extended = query
        extended.extended = NameQuery.Extension(size: 1232, version: 1)
        let bad = extended.answer(.badVersion)
        #expect(bad[3] & 0xf == 0 && bad.suffix(11) == [0, 0, 41, 4, 208, 1, 0, 0, 0, 0, 0])
    }

    @Test("what does not fit is left out, and the answer says so")
    func truncated() {
        let records = (0..<200).map { NameRecord(IPAddress(bytes: [10, 0, 0, UInt8($0)])!) }
        let answer = query.answer(.noError, records, limit: 512)
        #expect(answer.count <= 512 && answer.count > 490 && answer[2] & 2 != 0)
        #expect(Int(answer[7]) == (512 - 21) / 16)
        #expect(query.answer(.noError, records)[2] & 2 == 0)
    }

    @Test("no header, and answers, are met with silence", arguments: 0..<12)
    func silence(_ count: Int) {
        #expect(read(Array(query.bytes.prefix(count))) == .nothing)
        var answer = query.bytes
        answer[2] |= 0x80
        #expect(read(answer) == .nothing)
    }

    @Test("a query that is cut off anywhere is an error of format", arguments: 12..<21)
    func cut(_ count: Int) { #expect(fault(Array(query.bytes.prefix(count))) == 1) }

    @Test("pointers are not followed: to itself, to the header, behind the end")
    func pointers() {
        let head = Array(query.bytes.prefix(12))
        for target: UInt8 in [12, 0, 13, 255] { #expect(fault(head + [0xc0, target, 0, 1, 0, 1]) == 1) }
        #expect(fault(head + [3, 0x77, 0x77, 0x77, 0xc0, 12, 0, 1, 0, 1]) == 1)
        // In a record of a query a pointer is skipped, wherever it leads.
        var record = query.bytes
        record[11] = 1
        #expect(read(record + [0xc0, 21, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0]) == .query(query, length: 33))
        #expect(fault(record + [0xc0]) == 1)
    }

    @Test("labels and names that are too long, and lengths of another kind, are errors of format")
    func labels() {
        let head = Array(query.bytes.prefix(12))
        for length: UInt8 in [64, 0x80, 0xbf] {
            #expect(fault(head + [length] + [UInt8](repeating: 0x61, count: 200) + [0, 0, 1, 0, 1]) == 1)
        }
        let label: [UInt8] = [63] + [UInt8](repeating: 0x61, count: 63)
        #expect(fault(head + label + label + label + label + [0, 0, 1, 0, 1]) == 1)
    }

    @Test("no question, and several, are errors of format; another operation is not implemented")
    func counts() {
        for count: UInt8 in [0, 2, 255] {
            var bytes = query.bytes
            bytes[5] = count
            #expect(fault(bytes) == 1)
        }
        for operation: UInt8 in [1, 2, 4, 5, 15] {
            var bytes = query.bytes
            bytes[2] |= operation << 3
            #expect(fault(bytes) == 4)
        }
    }

    @Test("counts and lengths past the end are errors of format")
    func records() {
        for place in [7, 9, 11] {
            var bytes = query.bytes
            bytes[place] = 255
            #expect(fault(bytes) == 1)
        }
        var extended = query
        extended.extended = NameQuery.Extension(size: 1232, version: 0)
        var bytes = extended.bytes
        bytes[bytes.count - 1] = 1
        #expect(fault(bytes) == 1)
        // A second OPT, and one with a name.
        bytes = extended.bytes + extended.bytes.suffix(11)
        bytes[11] = 2
        #expect(fault(bytes) == 1)
        bytes = query.bytes + [1, 0x61] + extended.bytes.suffix(11)
        bytes[11] = 1
        #expect(fault(bytes) == 1)
    }

    @Test("an upstream's packet counts only with the number, as an answer, to the question")
    func judged() {
        let answer = query.answer(.noError, [NameRecord(IPAddress("192.0.2.1")!)])
        func judge(_ bytes: [UInt8], _ id: UInt16 = 0xabcd) -> NameQuery.Response {
            query.judge(bytes[...], sentAs: id)
        }
        #expect(judge(answer) == .answered(isTruncated: false))
        #expect(judge(answer, 0xabce) == .foreign && judge(query.bytes) == .foreign && judge([]) == .foreign)
        for place in [13, 18, 20] {
            var other = answer
            other[place] ^= 1
            #expect(judge(other) == .foreign)
        }
        var lower = answer
        lower[13] = 0x77
        #expect(judge(lower) == .answered(isTruncated: false))
        #expect(query.relayed(lower[...], limit: 512) == answer)
        #expect(judge(query.answer(.refused)) == .failed(.refused))
        #expect(judge(query.answer(.nameError)) == .answered(isTruncated: false))
        var bare = Array(query.answer(.formatError).prefix(12))
        bare[5] = 0
        #expect(judge(bare) == .failed(.formatError))
        let short = query.relayed(answer[...], limit: 30)
        #expect(short.count == 21 && short[2] & 2 != 0 && short[7] == 0)
    }

    @Test("100,000 packets that are changed at random are read without harm, and every answer is a whole message")
    func mutated() {
        var random = RepeatableNumbers(state: 20_261_128)
        var extended = query
        extended.extended = NameQuery.Extension(size: 4096, version: 0)
        let seeds = [
            query.bytes, extended.bytes, query.answer(.noError, [NameRecord(IPAddress("10.0.0.1")!)]),
            Array(query.bytes.prefix(12)) + [0xc0, 12, 0, 1, 0, 1],
        ]
        var kinds = (queries: 0, faults: 0, nothing: 0)
        for _ in 0..<100_000 {
            var bytes = seeds[Int(random.next() % UInt64(seeds.count))]
            for _ in 0..<(random.next() % 6) {
                bytes[Int(random.next() % UInt64(bytes.count))] = UInt8(random.next() & 255)
            }
            if random.next() % 4 == 0 { bytes.removeLast(Int(random.next() % UInt64(bytes.count))) }
            if random.next() % 4 == 0 { bytes += (0..<(random.next() % 40)).map { _ in UInt8(random.next() & 255) } }
            switch NameQuery.read(([9, 9] + bytes)[2...]) {
            case .query(let query, let length):
                kinds.queries += 1
                let answer = query.answer(.nameError)
                guard length <= bytes.count, query.judge(answer[...], sentAs: query.id) != .foreign else {
                    Issue.record("an answer that is none, to \(bytes)")
                    return
                }
                _ = (query.name.reversed, query.name.description, query.relayed(answer[...], limit: 20))
            case .fault(let answer):
                kinds.faults += 1
                #expect(answer.count == 12)
            case .nothing: kinds.nothing += 1
            }
            _ = query.judge(bytes[...], sentAs: query.id)
        }
        #expect(kinds.queries > 10_000 && kinds.faults > 10_000 && kinds.nothing > 10_000)
    }
}

/// The same numbers in every run (SplitMix64).
struct RepeatableNumbers: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
