import CFSModel
import Testing

@Suite("Errors as JSON")
struct CFSErrorJSONTests {
    @Test(
        "an error that went to another process is the same there",
        arguments: [
            CFSError(
                .mountFailed, .mounting, "a \"quoted\"\nmessage", systemCall: "fsconfig", path: "/a b/ü", errno: 22,
                hint: "try this"),
            CFSError(.conflict, .removing, ""),
        ])
    func roundTrip(error: CFSError) throws {
        #expect(CFSError(json: try JSON(parsing: error.json.bytes(), what: "error")) == error)
    }

    @Test("what is not there is not written")
    func small() {
        let text = CFSError(.conflict, .running, "x").json.text()
        #expect(text == #"{"code":"conflict","phase":"running","message":"x"}"#)
    }

    @Test(
        "what is no error is none",
        arguments: [
            #"{}"#, #"[]"#, #"{"code":"nonsense","phase":"running","message":"x"}"#,
            #"{"code":"conflict","phase":"nonsense","message":"x"}"#, #"{"code":"conflict","phase":"running"}"#,
            #"{"code":1,"phase":"running","message":"x"}"#,
        ])
    func refuses(text: String) throws {
        #expect(CFSError(json: try JSON(parsing: Array(text.utf8), what: "error")) == nil)
    }

    @Test("an error number beyond 32 bits does not stop the reader")
    func largeNumber() throws {
        let text = #"{"code":"conflict","phase":"running","message":"x","errno":99999999999}"#
        #expect(CFSError(json: try JSON(parsing: Array(text.utf8), what: "error"))?.errno == Int32.max)
    }
}
