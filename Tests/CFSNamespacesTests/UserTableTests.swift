import CFSModel
import Testing

@testable import CFSNamespaces

@Suite("Lines of passwd and group")
struct UserTableTests {
    private static func table(_ text: String) -> UserTable { UserTable(bytes: Array(text.utf8)) }

    @Test("lines come in order, in fields, without comments and empty ones, with or without a last line feed")
    func lines() {
        for text in ["#c:1\n\na:b:c\nd::\nlast", "#c:1\n\na:b:c\nd::\nlast\n"] {
            var seen: [[String]] = []
            let none = Self.table(text).first(fields: 7) { line in
                seen.append(line.map { String(decoding: $0, as: UTF8.self) })
                return false
            }
            #expect(none == nil)
            #expect(seen == [["a", "b", "c"], ["d", "", ""], ["last"]])
        }
    }

    @Test("the last field has all that follows")
    func lastField() {
        let line = Self.table("a:b:c:d:e").first(fields: 3) { _ in true }
        #expect(line?.map { String(decoding: $0, as: UTF8.self) } == ["a", "b", "c:d:e"])
    }

    @Test("a member is a whole name between commas")
    func members() throws {
        let table = Self.table("a:x:1:me\nb:x:2:x,me,y\nc:x:3:mee,me2,xme\nd:x:4:\ne:x:5:x,me\nf:x:1:me\ng:x:bad:me\n")
        #expect(try table.groups(of: ArraySlice("me".utf8)) == [1, 2, 5])
        #expect(try table.groups(of: ArraySlice("nobody".utf8)).isEmpty)
    }

    @Test("more groups than the kernel takes are an error")
    func tooMany() {
        let table = Self.table((0..<65_537).map { "g:x:\($0):me\n" }.joined())
        let error = #expect(throws: CFSError.self) { try table.groups(of: ArraySlice("me".utf8)) }
        #expect(error?.code == .limitExceeded)
    }

    @Test("a number is of digits only, and below 2147483647")
    func numbers() {
        for (text, value) in [("0", 0), ("007", 7), ("2147483646", 2_147_483_646)] as [(String, UInt32)] {
            #expect(UserTable.number(ArraySlice(text.utf8)) == value)
        }
        for text in [
            "", "-1", "+1", " 1", "1 ", "2147483647", "4294967295", "4294967296", "18446744073709551616", "1x", "٣",
        ] {
            #expect(UserTable.number(ArraySlice(text.utf8)) == nil, "\(text)")
        }
    }
}
