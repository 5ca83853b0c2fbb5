import CFSModel
import Testing

@Suite("Lists of processors")
struct IndexListTests {
    @Test(
        "a list is read in any order and written as the kernel does",
        arguments: [
            ("0-3,6", "0-3,6"), ("6,0-3", "0-3,6"), ("0,1,2", "0-2"), ("0-3,2-5", "0-5"), ("7", "7"), ("0-1\n", "0-1"),
            ("", ""), ("\n", ""), ("3,1", "1,3"),
        ])
    func reading(text: String, written: String) throws {
        #expect(try "\(IndexList(text))" == written)
    }

    @Test(
        "anything else is refused",
        arguments: [
            "a", "1-", "-1", "3-1", "1--2", "1,,2", ",", "1-2-3", "0x1", "70000", "1 2", "99999999999999999999",
        ])
    func refusal(text: String) {
        let error = #expect(throws: CFSError.self) { try IndexList(text) }
        #expect(error?.message == "\"\(text)\" is not a list of numbers")
    }

    @Test("what is in one and not in another is found")
    func subtraction() throws {
        let asked = try IndexList("0-2,8")
        #expect(try asked.subtracting(IndexList("0-1")) == [2, 8])
        #expect(try asked.subtracting(IndexList("0-15")) == [])
        #expect(asked.count == 4)
        #expect(asked.contains(8))
        #expect(!asked.contains(3))
    }
}
