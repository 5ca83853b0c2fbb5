import CFSModel
import Testing

@testable import CFSImages

@Suite("Changes of what an image says")
struct ImageChangeTests {
    @Test(
        "lines of a Dockerfile",
        arguments: [
            (#"CMD ["a", "b c"]"#, .command(["a", "b c"])), ("cmd  ls -l ", .command(["/bin/sh", "-c", "ls -l"])),
            ("CMD []", .command([])), ("CMD [no json", .command(["/bin/sh", "-c", "[no json"])),
            (#"ENTRYPOINT ["/x"]"#, .entrypoint(["/x"])), ("ENV A=1 B= C='x y'", .environment(["A=1", "B=", "C=x y"])),
            ("ENV A one two", .environment(["A=one two"])),
            (#"ENV A="q \" q" B=x\ y"#, .environment([#"A=q " q"#, "B=x y"])),
            ("WORKDIR /srv/x", .workingDirectory("/srv/x")), ("USER me:us", .user("me:us")),
            ("LABEL a=1 b=2", .labels(["a": "1", "b": "2"])), ("EXPOSE 80 53/udp", .expose(["80/tcp", "53/udp"])),
            ("VOLUME /a /b", .volumes(["/a", "/b"])), (#"VOLUME ["/a b"]"#, .volumes(["/a b"])),
            ("STOPSIGNAL SIGINT", .stopSignal("SIGINT")), ("\tSTOPSIGNAL 9", .stopSignal("9")),
        ] as [(String, ImageChange)])
    func lines(line: String, expected: ImageChange) throws {
        #expect(try ImageChange(parsing: line) == expected)
    }

    @Test(
        "what is wrong is an error with an example",
        arguments: [
            "", "FROM x", "RUN ls", "ENV", "ENV =x", "ENV A", "ENV A='x", "WORKDIR x", "WORKDIR", "USER", "EXPOSE",
            "EXPOSE 0", "EXPOSE 65536", "EXPOSE 80/x", "EXPOSE 8/tcp/x", "VOLUME x", "VOLUME", "VOLUME []", "LABEL",
            "LABEL a=1 b", "STOPSIGNAL NOPE", "CMD",
        ])
    func wrong(line: String) {
        let error = failure { () throws(CFSError) in try ImageChange(parsing: line) }
        #expect(error?.code == .invalidArgument && error?.phase == .parsing, "\(error?.description ?? "")")
    }

    @Test("a change replaces what was there, or adds to it")
    func applying() throws {
        var configuration = ImageRecord.Configuration()
        configuration.environment = ["PATH=/bin", "A=old"]
        configuration.labels = ["a": "old", "b": "old"]
        configuration.exposedPorts = ["80/tcp"]
        configuration.volumes = ["/z"]
        configuration.command = ["old"]
        for line in [
            "ENV A=new B=1", "LABEL a=new", "EXPOSE 80 22", "VOLUME /a", "CMD []", "USER u", "WORKDIR /w",
            "STOPSIGNAL INT", #"ENTRYPOINT ["e"]"#,
        ] {
            try ImageChange(parsing: line).apply(to: &configuration)
        }
        #expect(configuration.environment == ["PATH=/bin", "A=new", "B=1"])
        #expect(configuration.labels == ["a": "new", "b": "old"])
        #expect(configuration.exposedPorts == ["22/tcp", "80/tcp"] && configuration.volumes == ["/a", "/z"])
        #expect(configuration.command.isEmpty && configuration.user == "u" && configuration.workingDirectory == "/w")
        #expect(configuration.stopSignal == "INT" && configuration.entrypoint == ["e"])
    }
}
