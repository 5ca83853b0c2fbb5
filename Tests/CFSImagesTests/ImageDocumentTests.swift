import CFSModel
import Testing

@testable import CFSImages

@Suite("Configurations of images")
struct ImageDocumentTests {
    private static let digest = "sha256:" + String(repeating: "12", count: 32)

    @Test("a configuration that was written reads the same")
    func roundTrip() throws {
        var configuration = ImageRecord.Configuration()
        configuration.entrypoint = ["/init"]
        configuration.command = ["-x", "a b"]
        configuration.environment = ["A=1", "B=é"]
        configuration.workingDirectory = "/srv"
        configuration.user = "www:80"
        configuration.stopSignal = "SIGQUIT"
        configuration.labels = ["b": "2", "a": "1"]
        configuration.volumes = ["/data", "/logs"]
        var health = ImageHealthCheck()
        (health.test, health.interval, health.retries) = (["CMD", "/well"], 5_000_000_000, 2)
        configuration.health = health
        let document = ImageDocument(
            architecture: "386", configuration: configuration, diffIDs: [try Digest(Self.digest)])
        #expect(try ImageDocument(parsing: document.bytes) == document)
        #expect(document.bytes == document.bytes)
    }

    @Test("members that nobody asked for, and null ones, are fine")
    func extensions() throws {
        let text = #"""
            {"architecture":"amd64","os":"linux","created":"2024-05-01T10:00:00.5Z","history":[{}],"variant":"v1",
             "config":{"Entrypoint":null,"Cmd":["sh"],"Healthcheck":{},"Volumes":{"/b":{},"/a":{}}},
             "rootfs":{"type":"layers","diff_ids":["\#(Self.digest)"]}}
            """#
        let document = try ImageDocument(parsing: Array(text.utf8))
        #expect(document.configuration.command == ["sh"])
        #expect(document.configuration.entrypoint == [])
        #expect(document.configuration.volumes == ["/a", "/b"])
        #expect(document.created == 1_714_557_600_500_000_000)
    }

    @Test(
        "a wrong type is an error, never ignored",
        arguments: [
            #""config":{"Cmd":"sh"}"#, #""config":{"Env":{"A":"1"}}"#, #""config":{"User":0}"#,
            #""config":{"Labels":["a"]}"#,
            #""config":{"Healthcheck":{"Test":"x"}}"#, #""config":{"Healthcheck":{"Test":["CMD"],"Interval":-1}}"#,
            #""config":{"StopSignal":15}"#, #""config":[]"#,
        ])
    func wrongTypes(member: String) {
        let text = #"{"architecture":"amd64","os":"linux",\#(member),"rootfs":{"type":"layers","diff_ids":[]}}"#
        #expect(throws: CFSError.self) { try ImageDocument(parsing: Array(text.utf8)) }
    }
}
