import CFSCore
import CFSLinux
import OptionsSupport
import Testing

@testable import cfs

@Suite("One verb for several references")
struct ReferencesTests {
    @Test("every one is tried, and each failure is told")
    func all() throws {
        var tried: [String] = []
        var told: [String] = []
        let status = try References.each(["a", "b", "c"], report: { told.append($0.message) }) {
            reference throws(CFSError) in
            tried.append(reference)
            if reference != "b" { throw CFSError(.containerNotFound, .looking, "no \(reference)") }
        }
        #expect(status == 1 && tried == ["a", "b", "c"] && told == ["no a", "no c"])
    }

    @Test("without a failure the status is 0")
    func good() throws {
        #expect(try References.each(["a"], report: { _ in Issue.record("told") }) { _ throws(CFSError) in } == 0)
    }

    @Test(
        "what failed of one of several says which, once",
        arguments: [
            ("no such file", "a: no such file"), ("the container a is running", "the container a is running"),
            ("no container is called \"a\"", "no container is called \"a\""),
            ("a-b is not there", "a: a-b is not there"),
            ("/srv/a is no folder", "a: /srv/a is no folder"), ("a.1 runs", "a: a.1 runs"), ("it is a.", "it is a."),
            ("a", "a"),
        ])
    func named(message: String, expected: String) throws {
        var told: [String] = []
        let body = { (_: (String, Int)) throws(CFSError) in throw CFSError(.containerNotFound, .looking, message) }
        let report = { (error: CFSError) in told.append(error.message) }
        _ = try References.each([("a", 1), ("b", 2)], named: { $0.0 }, report: report, body)
        #expect(told.first == expected)
        told = []
        _ = try References.each([("a", 1)], named: { _ in nil }, report: report, body)
        #expect(told == [message])
    }

    @Test("when nobody reads any longer, the rest is left alone")
    func closed() {
        var tried: [String] = []
        let error = failure { () throws(CFSError) in
            try References.each(["a", "b"], report: { _ in }) { reference throws(CFSError) in
                tried.append(reference)
                throw CFSError(kernel: 32, "write", .recording, path: StandardOutput.name)
            }
        }
        #expect(error?.errno == 32 && tried == ["a"])
    }
}
