import CFSCore
import Testing

@testable import cfsd

@Suite("The configuration file")
struct TOMLTests {
    private func parse(_ text: String) throws -> [String: TOMLValue] {
        try TOMLParser.parse(Array(text.utf8), path: "f")
    }

    private func message(_ text: String) -> String? {
        do {
            _ = try parse(text)
            return nil
        } catch {
            return (error as? CFSError)?.message
        }
    }

    @Test("values of every kind")
    func kinds() throws {
        let table = try parse(
            """
            # a comment
            text = "a\\tb\\u00e9" # behind a value
            raw = 'C:\\x'
            many = \"""
            one
            two\\
               three\"""
            "quoted key" = 1_000
            hex = 0xff
            octal = 0o17
            minus = -3
            half = 5e-1
            yes = true
            list = [ "a", # first
              "b", ]
            inline = { x = 1, y.z = 2 }
            [table]
            a.b = false
            """)
        #expect(table["text"] == .string("a\tbé"))
        #expect(table["raw"] == .string("C:\\x"))
        #expect(table["many"] == .string("one\ntwothree"))
        #expect(table["quoted key"] == .integer(1000))
        #expect(table["hex"] == .integer(255) && table["octal"] == .integer(15) && table["minus"] == .integer(-3))
        #expect(table["half"] == .number(0.5))
        #expect(table["yes"] == .bool(true))
        #expect(table["list"] == .array([.string("a"), .string("b")]))
        #expect(table["inline"] == .table(["x": .integer(1), "y": .table(["z": .integer(2)])]))
        #expect(table["table"] == .table(["a": .table(["b": .bool(false)])]))
    }

    @Test(
        "what is wrong is told with its line",
        arguments: [
            ("a = 1\nb = x", #"f, line 2: "x" is no value: texts stand in quotes"#),
            ("a", "f, line 1: = is missing behind a"),
            ("a = \"x", "f, line 1: a text has no end"), ("a = 1\na = 2", "f, line 2: a stands twice"),
            ("a = 1 2", "f, line 1: something stands behind the value"), ("= 1", "f, line 1: a name is missing"),
            ("a = [1", "f, line 1: a list ends with ]"),
            ("a = 01", #"f, line 1: "01" is no value: texts stand in quotes"#),
            ("a = 1__0", #"f, line 1: "1__0" is no value: texts stand in quotes"#),
            ("a = \"\\q\"", "f, line 1: an escape that is none"),
            ("[a]\n[a]", "f, line 2: the table a stands twice"),
            ("a = 2026-01-01", #"f, line 1: "2026-01-01" is no value: texts stand in quotes"#),
        ])
    func wrong(text: String, expected: String) { #expect(message(text) == expected) }

    @Test("a file that ends anywhere is read or told as wrong, and never more than that")
    func truncated() throws {
        let text = "listen = [\"127.0.0.1:1\"]\nsocket = '/x'\nhost = \"a\\u0041\"\n[t]\nx = {a = 1}\n"
        for length in 0...text.utf8.count {
            do {
                _ = try TOMLParser.parse(Array(text.utf8.prefix(length)), path: "f")
            } catch {
                #expect((error as CFSError).code == .invalidConfiguration)
            }
        }
    }
}
