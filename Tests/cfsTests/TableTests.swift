import Testing

@testable import cfs

@Suite("Tables")
struct TableTests {
    @Test("columns align, and no line ends with white space")
    func align() {
        var table = Table(["NAME", "ID"])
        table.add(["a", "1"])
        table.add(["longer", ""])
        #expect(table.text == "NAME     ID\na        1\nlonger\n")
    }

    @Test("columns align by cells, not by letters")
    func wide() {
        var table = Table(["A", "B"])
        table.add(["日本", "x"])
        table.add(["e\u{301}e", "x"])
        #expect(table.text == "A      B\n日本   x\ne\u{301}e     x\n")
    }

    @Test("what would steer a terminal becomes visible")
    func escapes() {
        var table = Table(["A"])
        table.add(["\u{1b}[31mred\n"])
        #expect(table.text == "A\n\\x1b[31mred\\n\n")
    }

    @Test("colour does not count as width")
    func colour() {
        var table = Table(["A", "B"])
        table.paint = { row, column, text in column == 0 ? "<\(row)\(text)>" : text }
        table.add(["x", "y"])
        #expect(table.text == "A   B\n<0x>   y\n")
    }

    @Test(
        "the width of a text in cells",
        arguments: [("", 0), ("abc", 3), ("日本", 4), ("e\u{301}", 1), ("🙂", 2), ("❤\u{fe0f}", 2), ("ｈ", 2), ("ä", 1)])
    func width(text: String, cells: Int) {
        #expect(DisplayWidth.of(text) == cells)
    }

    @Test("a text that is too long ends with an ellipsis")
    func shortened() {
        #expect(DisplayWidth.shortened("abcdef", to: 6) == "abcdef")
        #expect(DisplayWidth.shortened("abcdefg", to: 6) == "abcde…")
        #expect(DisplayWidth.shortened("日本語", to: 4) == "日…")
    }

    @Test(
        "harmless text stays as it is, and the rest is escaped",
        arguments: [
            ("plain ä日", "plain ä日"), ("a\tb", "a\\tb"), ("\u{7}", "\\x07"), ("\u{9b}31m", "\\x9b31m"),
            ("\u{202e}abc", "\\u{202e}abc"), ("\r\n", "\\r\\n"), ("\u{7f}", "\\x7f"),
        ])
    func printable(text: String, expected: String) {
        #expect(Printable.text(text) == expected)
        #expect(Printable.text(Array(text.utf8)) == expected)
    }

    @Test("bytes that are no text are told apart, and what is between them is text")
    func bytes() {
        #expect(Printable.text([0x61, 0xff, 0xc3, 0xa4, 0x0a, 0xe2, 0x82, 0x62]) == "a\\xffä\\n\\xe2\\x82b")
        #expect(Printable.text([0x61, 0xfe]) != Printable.text([0x61, 0xff]))
    }
}
