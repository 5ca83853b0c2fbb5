import Testing

@testable import CFSModel

@Suite("Reading objects strictly")
struct JSONFieldsTests {
    private static func fields(_ json: JSON) throws(CFSError) -> JSONFields { try JSONFields(json, what: "thing") }

    @Test("a member of the right type is taken, one that is missing or null is nil")
    func takes() throws {
        var fields = try Self.fields([
            "s": "x", "b": true, "i": -1, "u": .unsigned(UInt64.max), "id": 4_294_967_295, "l": ["a"], "m": ["k": "v"],
            "n": .null,
        ])
        #expect(try fields.string("s") == "x")
        #expect(try fields.bool("b") == true)
        #expect(try fields.integer("i") == -1)
        #expect(try fields.unsigned("u") == UInt64.max)
        #expect(try fields.id("id") == UInt32.max)
        #expect(try fields.strings("l") == ["a"])
        #expect(try fields.map("m") == ["k": "v"])
        #expect(try fields.string("n") == nil)
        #expect(try fields.string("missing") == nil)
        #expect(try fields.strings("missing") == [])
        try fields.finish()
    }

    @Test("a member of another type is an error that names it")
    func types() throws {
        let wrong: [(String, JSON)] = [
            ("string", 1), ("bool", "true"), ("integer", .number(1.5)), ("unsigned", -1), ("id", 4_294_967_296),
            ("strings", ["a", 1]),
            ("map", ["k": 1]), ("list", [:]),
        ]
        for (kind, json) in wrong {
            let error = #expect(throws: CFSError.self, "\(kind)") {
                var fields = try Self.fields(["f": json])
                switch kind {
                case "string": _ = try fields.string("f")
                case "bool": _ = try fields.bool("f")
                case "integer": _ = try fields.integer("f")
                case "unsigned": _ = try fields.unsigned("f")
                case "id": _ = try fields.id("f")
                case "strings": _ = try fields.strings("f")
                case "map": _ = try fields.map("f")
                default: _ = try fields.list("f") { json throws(CFSError) in json }
                }
            }
            #expect(error?.message.hasPrefix("thing.f must be ") == true)
        }
    }

    @Test("a member that nobody asked for is an error that names it")
    func left() throws {
        var fields = try Self.fields(["known": 1, "foreign": 2])
        _ = try fields.integer("known")
        let error = #expect(throws: CFSError.self) { try fields.finish() }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message == "thing.foreign is not supported by this engine")
    }

    @Test("what is no object is an error")
    func noObject() {
        #expect(throws: CFSError.self) { try Self.fields([1]) }
    }

    @Test("a builder leaves out what is not there")
    func builder() {
        var out = JSONBuilder()
        out.set("a", nil as String?)
        out.set("b", [] as [String])
        out.set("c", [:] as [String: String])
        out.set("d", false)
        out.set("e", ["y": "2", "x": "1"])
        #expect(out.json.text() == #"{"d":false,"e":{"x":"1","y":"2"}}"#)
    }
}
