import CFSCore
import CFSOptions
import Testing

@testable import CFSServer

@Suite("The body of POST /run")
struct RunRequestTests {
    private func request(_ text: String) throws -> RunRequest {
        try RunRequest(try JSON(parsing: Array(text.utf8), what: "the body").object ?? JSONObject())
    }

    private func spec(_ fields: String) throws -> ContainerSpec? {
        guard case .run(let spec, _, _) = try request(#"{"state":"run","image":"BusyBox","# + fields + "}") else {
            return nil
        }
        return spec
    }

    private func message(_ text: String) -> String? {
        do {
            _ = try request(text)
            return nil
        } catch {
            return (error as? CFSError)?.message
        }
    }

    @Test("fields are the options of cfs run")
    func options() throws {
        let spec = try #require(
            try spec(
                #""command":["sh","-c","a b"],"name":"web","memory":"64m","cpus":1.5,"volume":["/srv:/srv:ro"],"env":["A=1","B=2"],"#
                    + #""read-only":true,"init":false,"label":"k=v","entrypoint":"","pids-limit":100"#))
        #expect(spec.command == ["sh", "-c", "a b"])
        #expect(spec.name == "web")
        #expect(spec.resources.memory?.limit == 64 << 20)
        #expect(spec.resources.pids?.limit == 100)
        #expect(spec.environment == ["A=1", "B=2"])
        #expect(spec.readOnlyRoot && !spec.initProcess)
        #expect(spec.labels == ["k": "v"])
        #expect(spec.entrypoint == [])
        #expect(spec.mounts.map(\.target) == ["/srv"])
    }

    @Test("a value is never another option, and never the command")
    func injection() throws {
        let spec = try #require(
            try spec(#""name":"--privileged","hostname":"-v/:/host","command":["--privileged","-x"]"#))
        #expect(spec.name == "--privileged" && spec.hostname == "-v/:/host")
        #expect(!spec.privileged && spec.mounts.isEmpty)
        #expect(spec.command == ["--privileged", "-x"])
    }

    @Test("every option of cfs run is a field, and stands in the document", arguments: ContainerOptions.optionNames.all)
    func everyOption(option: OptionNames.Entry) throws {
        let run = try #require(Schemas.runRequest["oneOf"]?.array?.first)
        if RunRequest.refusedOptions.contains(option.name) {
            #expect(run["properties"]?[option.name] == nil)
            return
        }
        #expect(run["properties"]?[option.name] != nil)
        // Whatever it thinks of this value: it knows the field.
        let value = option.takesValue ? "\"1\"" : "true"
        let found = message(#"{"state":"run","image":"BusyBox","\#(option.name)":\#(value)}"#) ?? ""
        #expect(!found.hasPrefix("unknown field"), "\(found)")
        if option.takesValue, !option.isRepeatable {
            #expect(
                message(#"{"state":"run","image":"BusyBox","\#(option.name)":["1"]}"#)
                    == "\(option.name) takes one value, not an array")
        }
    }

    @Test(
        "what is wrong is told with its name",
        arguments: [
            ("{}", "the field state is missing"), (#"{"state":"dance"}"#, #"unknown state "dance""#),
            (#"{"state":7}"#, "unknown state 7"), (#"{"state":"run"}"#, "the field image is missing"),
            (#"{"state":"run","image":"B","memroy":"1m"}"#, "unknown field memroy"),
            (#"{"state":"run","image":"B","m":"1m"}"#, "unknown field m"),
            (#"{"state":"run","image":"B","read-only":"yes"}"#, #"read-only is true or false, not "yes""#),
            (#"{"state":"run","image":"B","command":7}"#, "command is a string or an array of strings, not 7"),
            (#"{"state":"run","image":"B","wait":true,"detach":true}"#, "wait and detach contradict each other"),
            (#"{"state":"run","image":"B","network":"a","publish":"x"}"#, #"-p does not take "x""#),
            (#"{"state":"run","image":"B","root":"/x"}"#, "unknown field root"),
            (#"{"state":"stop"}"#, "the field id is missing"),
            (#"{"state":"stop","id":"a","image":"b"}"#, "unknown field image"),
            (#"{"state":"stop","id":"a","time":-1}"#, "time does not take -1"),
        ])
    func wrong(body: String, expected: String) { #expect(message(body) == expected) }

    @Test("a stop has the time that it is given; without one it is left to the container", arguments: [nil, 0, 86_400])
    func time(seconds: Int?) throws {
        let field = seconds.map { #","time":\#($0)"# } ?? ""
        for body in [#"{"state":"stop","id":"a"\#(field)}"#, #"{"id":"a","state":"stop"\#(field)}"#] {
            guard case .stop("a", let read) = try request(body) else {
                Issue.record("\(body)")
                continue
            }
            #expect(read == seconds)
        }
        #expect(try RunRequest.seconds(.null) == nil)
    }

    @Test("an error of an option has the words of the command line")
    func words() { #expect(message(#"{"state":"run","image":"B","memory":"lots"}"#)?.contains("--memory") == true) }
}
