import Foundation
import TestSupport
import Testing

@Suite("What the documentation says about tests")
struct DocumentedTestsTests {
    @Test(
        "a test that a page names as its proof is there",
        arguments: ["docs/spec-conformance.md", "docs/security-tests.md"])
    func named(page: String) throws {
        let text = try #require(textOfFile(Repository.path(page)))
        var files: [String: String] = [:]
        let tests = Repository.path("Tests")
        for case let name as String in FileManager.default.enumerator(atPath: tests) ?? .init()
        where name.hasSuffix("Tests.swift") {
            files[String((name as NSString).lastPathComponent.dropLast(6)), default: ""] +=
                textOfFile("\(tests)/\(name)") ?? ""
        }
        // `File`: the name of the test, or its beginning; several are separated by a semicolon before the next file.
        let reference = /`([A-Za-z]+Tests)`: ([^|;*]*[^|;* ])/
        var count = 0
        for match in text.matches(of: reference) {
            count += 1
            let file = String(match.1)
            #expect(files[file]?.contains(String(match.2)) == true, "\(page) names `\(file)`: \(match.2)")
        }
        #expect(count > 20)
    }
}
