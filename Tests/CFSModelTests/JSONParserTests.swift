import CFSModel
import Testing

@Suite("Reading JSON")
struct JSONParserTests {
    private static func read(_ text: String) throws(CFSError) -> JSON {
        try JSON(parsing: Array(text.utf8), what: "doc")
    }

    private static let document =
        #"{"a": [1, -2.5e+3, true, false, null, "x\u00e9\n\ud83d\ude42"], "b": {"c": {}}, "d": 18446744073709551615, "": ""}"#

    @Test("a document with everything in it")
    func everything() throws {
        #expect(
            try Self.read(" \t\r\n\(Self.document)\n ") == [
                "a": [1, .number(-2500), true, false, nil, "xé\n🙂"], "b": ["c": [:]], "d": .unsigned(UInt64.max),
                "": "",
            ])
    }

    @Test("a document that was cut off anywhere is refused")
    func truncation() {
        let bytes = Array(Self.document.utf8)
        for length in 0..<bytes.count {
            let error = #expect(throws: CFSError.self, "\(length) bytes") {
                try JSON(parsing: Array(bytes[..<length]), what: "doc")
            }
            #expect(error?.code == .invalidConfiguration)
        }
    }

    @Test(
        "numbers",
        arguments: [
            ("0", 0), ("-0", 0), ("9223372036854775807", .integer(Int64.max)),
            ("-9223372036854775808", .integer(Int64.min)),
            ("9223372036854775808", .unsigned(9_223_372_036_854_775_808)),
            ("18446744073709551616", .number(18_446_744_073_709_551_616)),
            ("1e2", .number(100)), ("1E-2", .number(0.01)), ("-0.5", .number(-0.5)), ("1.0", .number(1)),
        ] as [(String, JSON)])
    func numbers(text: String, json: JSON) throws {
        #expect(try Self.read(text) == json)
    }

    @Test(
        "what is no JSON is refused",
        arguments: [
            "", " ", "01", "-", "+1", ".5", "1.", "1e", "1e+", "0x10", "NaN", "Infinity", "1e999", "--1", "1 2", "[1,]",
            "[,1]", "[1 2]",
            "{,}", #"{"a":1,}"#, #"{"a"}"#, #"{"a":}"#, "{a:1}", "{1:1}", "{'a':1}", #"{"a":1 "b":2}"#, "tru", "True",
            "nul", "nulll",
            "[", "]", "{", "}", #"""#, "\"\n\"", "\"\t\"", #""\x""#, #""\u12""#, #""\u12g4""#, #""\"#, "// c\n1",
            "[1]]", "\u{feff}1",
            #"{"a":1}{"#,
        ])
    func refuses(text: String) {
        let error = #expect(throws: CFSError.self) { try Self.read(text) }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.hasPrefix("doc is not valid JSON: ") == true)
    }

    @Test("a key that comes twice is refused, in small objects and in large ones")
    func duplicates() {
        #expect(throws: CFSError.self) { try Self.read(#"{"a":1,"a":1}"#) }
        #expect(throws: CFSError.self) { try Self.read(#"{"a":1,"\u0061":2}"#) }
        let many = (0..<50).map { "\"k\($0)\":1" }.joined(separator: ",")
        #expect(throws: CFSError.self) { try Self.read("{\(many),\"k3\":2}") }
        #expect(throws: Never.self) { try Self.read("{\(many),\"k50\":2}") }
        #expect(throws: Never.self) { try Self.read(#"{"a":{"a":1},"b":{"a":1}}"#) }
    }

    @Test("one object is left out, and its text is where it was; one that comes twice or is none is treated as ever")
    func leaving() throws {
        func left(_ text: String) throws -> (JSON, String?) {
            let bytes = Array(text.utf8)
            let (document, place) = try JSON.parse(bytes, what: "doc", leaving: ["a", "b"])
            return (document, place.map { String(decoding: bytes[$0], as: UTF8.self) })
        }
        let inner = #"{ "x": "}\"]", "y": [{"z": "\\"}], "b": {} }"#
        for (text, rest, text2) in [
            (#"{"a": {"b": \#(inner), "c": 1}, "d": {"b": {}}}"#, #"{"a":{"c":1},"d":{"b":{}}}"#, inner),
            (#"{"a":{"c":1,"b" : {}}}"#, #"{"a":{"c":1}}"#, "{}"),
            (#"{"a":{"b":[{"b":{}}]}}"#, #"{"a":{"b":[{"b":{}}]}}"#, nil),
            (#"{"a":[{"b":{}}]}"#, #"{"a":[{"b":{}}]}"#, nil),
            (#"{"a":{"c":{"b":{}}}}"#, #"{"a":{"c":{"b":{}}}}"#, nil), (#"{"b":{}}"#, #"{"b":{}}"#, nil),
            (#"{"a":{"b":null}}"#, #"{"a":{"b":null}}"#, nil),
        ] as [(String, String, String?)] {
            let (document, found) = try left(text)
            #expect(document == (try Self.read(rest)) && found == text2, "\(text)")
        }
        for wrong in [
            #"{"a":{"b":{},"b":{}}}"#, #"{"a":{"b":{},"b":1}}"#, #"{"a":{"b":{}},"a":{}}"#, #"{"a":{"b":{"}}}"#,
            #"{"a":{"b":{"x\"}}}"#, #"{"a":{"b":{}}"#, #"{"a":{"b":{"x":1}"#, #"{"a":{"b":"#,
        ] {
            let error = #expect(throws: CFSError.self) { try left(wrong) }
            #expect(error?.code == .invalidConfiguration, "\(wrong)")
        }
    }

    @Test("an object of a hundred thousand members is read, in time that grows with it and not with its square")
    func wide() throws {
        let members = (0..<100_000).map { "\"key\($0)\":\($0)" }.joined(separator: ",")
        let json = try Self.read("{\(members)}")
        #expect(json.object?.entries.count == 100_000)
        #expect(json["key99999"] == 99_999)
    }

    @Test("nesting is read to a depth of 128, and no deeper")
    func depth() throws {
        for (open, close) in [("[", "]"), (#"{"a":"#, "}")] {
            let inner = open == "[" ? "" : "1"
            func nested(_ depth: Int) -> String {
                String(repeating: open, count: depth) + inner + String(repeating: close, count: depth)
            }
            #expect(throws: Never.self) { try Self.read(nested(128)) }
            #expect(throws: CFSError.self) { try Self.read(nested(129)) }
            #expect(throws: CFSError.self) { try Self.read(String(repeating: open, count: 1_000_000)) }
        }
        // Beside each other, not in each other.
        #expect(throws: Never.self) {
            try Self.read("[" + Array(repeating: "[{}]", count: 1000).joined(separator: ",") + "]")
        }
    }

    @Test(
        "bytes that are no UTF-8 are refused",
        arguments: [
            [0xff], [0xc3], [0xc3, 0x28], [0xe2, 0x82], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80],
            [0x80],
        ] as [[UInt8]])
    func encoding(bytes: [UInt8]) {
        for text in [[0x22] + bytes + [0x22], [0x22, 0x5c, 0x6e] + bytes + [0x22], bytes] {
            #expect(throws: CFSError.self) { try JSON(parsing: text, what: "doc") }
        }
    }

    @Test("pairs of surrogates become one character, halves are refused")
    func surrogates() throws {
        #expect(try Self.read(#""\ud83d\ude42\uD83D\uDE42""#) == "🙂🙂")
        #expect(try Self.read(#""\u0000\uffff""#) == "\u{0}\u{ffff}")
        for half in [
            #""\ud83d""#, #""\ude42""#, #""\ud83dx""#, #""\ud83d\n""#, #""\ud83d\u0041""#, #""\ud83d\ud83d""#,
            #""\ude42\ud83d""#,
        ] {
            #expect(throws: CFSError.self, "\(half)") { try Self.read(half) }
        }
    }

    @Test("the error says at which byte the fault lies")
    func place() {
        let error = #expect(throws: CFSError.self) { try Self.read(#"{"a": 1, "b": x}"#) }
        #expect(error?.message == "doc is not valid JSON: an unknown value at byte 14")
    }
}
