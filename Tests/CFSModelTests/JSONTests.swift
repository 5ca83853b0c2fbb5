import CFSModel
import Testing

@Suite("JSON values")
struct JSONTests {
    @Test(
        "a value is written as the standard says",
        arguments: [
            (.null, "null"), (true, "true"), (-5, "-5"), (.integer(Int64.min), "-9223372036854775808"),
            (.unsigned(UInt64.max), "18446744073709551615"), (.number(1.5), "1.5"), ("a", #""a""#), ([], "[]"),
            ([1, [2]], "[1,[2]]"),
            (.object(JSONObject()), "{}"), (["a": 1, "b": .null], #"{"a":1,"b":null}"#),
            ("\"\\\n\r\t\u{1}\u{7f}/é🙂", #""\"\\\n\r\t\u0001\u007f/é🙂""#),
        ] as [(JSON, String)])
    func writes(json: JSON, text: String) throws {
        #expect(json.text() == text)
        #expect(try JSON(parsing: Array(text.utf8), what: "text") == json)
    }

    @Test("pretty text has two spaces for each level")
    func pretty() {
        let json: JSON = ["a": [1, 2], "b": [:], "c": []]
        #expect(json.text(pretty: true) == "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {},\n  \"c\": []\n}")
    }

    @Test("a number that is none in JSON is written as null")
    func infinity() {
        #expect(JSON.number(.infinity).text() == "null")
        #expect(JSON.number(.nan).text() == "null")
    }

    @Test("members keep their order, and a key stands once")
    func order() {
        var object = JSONObject([("b", 1), ("a", 2), ("b", 3)])
        #expect(object.entries.map(\.key) == ["b", "a"])
        #expect(object["b"] == 3)
        object["b"] = nil
        object["c"] = 4
        #expect(JSON.object(object).text() == #"{"a":2,"c":4}"#)
        object["d"] = nil
        #expect(object.entries.count == 2)
    }

    @Test("an object of many members finds, replaces and removes them as a small one does")
    func many() {
        var object = JSONObject()
        for number in 0..<100 { object["k\(number)"] = .integer(Int64(number)) }
        for number in stride(from: 0, to: 100, by: 3) { object["k\(number)"] = nil }
        object["k1"] = "new"
        #expect(object.entries.count == 66)
        for number in 0..<100 {
            let expected: JSON? = number % 3 == 0 ? nil : number == 1 ? "new" : .integer(Int64(number))
            #expect(object["k\(number)"] == expected)
        }
        for number in 0..<95 { object["k\(number)"] = nil }
        #expect(object.entries.map(\.key) == ["k95", "k97", "k98"])
        #expect(object == JSONObject([("k95", 95), ("k97", 97), ("k98", 98)]))
    }

    @Test("a value is read as what it is, and as nothing else")
    func accessors() {
        #expect(JSON.string("x").string == "x")
        #expect(JSON.string("x").integer == nil)
        #expect(JSON.integer(-1).unsigned == nil)
        #expect(JSON.integer(7).unsigned == 7)
        #expect(JSON(unsigned: UInt64.max) == .unsigned(UInt64.max))
        #expect(JSON(unsigned: 7) == .integer(7))
        #expect(JSON.number(1).integer == nil)
        #expect((["a", "b"] as JSON).strings == ["a", "b"])
        #expect((["a", 1] as JSON).strings == nil)
        #expect((["a": "b"] as JSON).stringMap == ["a": "b"])
        #expect((["a": 1] as JSON).stringMap == nil)
        #expect((["a": true] as JSON)["a"]?.bool == true)
        #expect(([1] as JSON)["a"] == nil)
    }
}
