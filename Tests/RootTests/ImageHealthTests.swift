import TestSupport
import Testing

@Suite("Health checks that images ask for", .needsHost, .engine)
struct ImageHealthTests: EngineSuite {
    /// Imports an archive of `docker save` whose configuration has this health check.
    private func image(_ name: String, _ check: String) throws {
        let image = try HostileImage(engine, name)
        let made = engine.host(
            """
            set -e; mkdir \(name); cd \(name); tar -C \(image.tree) -cf layer.tar .
            sum=$(sha256sum < layer.tar); sum=${sum%% *}; mkdir $sum; mv layer.tar $sum
            echo '[{"Config":"'$sum'.json","Layers":["'$sum'/layer.tar"]}]' > manifest.json
            cat > $sum.json <<END
            {"architecture":"amd64","os":"linux","config":{"Cmd":["sleep","1000"],"Env":["PATH=/bin"],
             "Healthcheck":\(check)},"rootfs":{"type":"layers","diff_ids":["sha256:$sum"]}}
            END
            tar -cf ../\(name).tar *; $CFS image import -q \(name) ../\(name).tar
            """)
        try #require(made.status == 0, "\(made.errors)")
    }

    private func status(_ id: String) -> String? {
        do { return try engine.inspect(id)["State"]["Health"]["Status"].text } catch { return nil }
    }

    private func check(_ options: String..., image: String) throws -> JSONValue {
        let id = engine.run(["create"] + options + [image]).text
        defer { engine.run("rm", id) }
        return try engine.inspect(id)["Config"]["Healthcheck"]
    }

    @Test("run does what the image says, flags change it or turn it off, and commit and export keep it")
    func taken() throws {
        try image(
            "watched", #"{"Test":["CMD-SHELL","cat /well"],"Interval":1000000000,"Retries":1,"StartPeriod":5000000000}"#
        )
        defer { engine.run("image", "rm", "watched") }
        try engine.withContainer(["--health-interval", "20ms"], image: "watched") { id in
            #expect(engine.run("exec", id, "sh", "-c", ": > /well").status == 0)
            #expect(eventually { status(id) == "healthy" })
            #expect(engine.run("exec", id, "rm", "/well").status == 0)
            #expect(eventually { status(id) == "unhealthy" })
            let found = try engine.inspect(id)["Config"]["Healthcheck"]
            #expect(found["Test"].texts == ["CMD", "/bin/sh", "-c", "cat /well"])
            #expect(found["Interval"].number == 20_000_000 && found["Retries"].number == 1)
            #expect(engine.run("commit", id, "kept").status == 0)
        }
        defer { engine.run("image", "rm", "kept") }
        let said = try engine.json("image", "inspect", "watched")[0]["Config"]["Healthcheck"]
        #expect(said["Test"].texts == ["CMD-SHELL", "cat /well"])
        #expect(said["StartPeriod"].number == 5_000_000_000)
        #expect(try engine.json("image", "inspect", "kept")[0]["Config"]["Healthcheck"] == said)
        let moved = engine.host("$CFS image export -q -o kept.tar kept && $CFS image import -q moved kept.tar")
        #expect(moved.status == 0, "\(moved.errors)")
        defer { engine.run("image", "rm", "moved") }
        #expect(try engine.json("image", "inspect", "moved")[0]["Config"]["Healthcheck"] == said)
        #expect(try check("--no-healthcheck", image: "watched") == .null)
        let own = try check("--health-cmd", "true", "--health-retries", "4", image: "watched")
        #expect(own["Test"].texts == ["CMD", "/bin/sh", "-c", "true"])
        // Nothing of the image's check stays beside a command of one's own.
        #expect(own["Retries"].number == 4 && own["StartPeriod"].number == nil)
    }

    @Test("an image cannot make the host begin checks more often than once a second, and NONE is none")
    func bounds() throws {
        try image("hasty", #"{"Test":["CMD","true"],"Interval":1,"Timeout":1,"Retries":99999999999}"#)
        defer { engine.run("image", "rm", "hasty") }
        let found = try check(image: "hasty")
        #expect(found["Interval"].number == 1_000_000_000 && found["Timeout"].number == 1_000_000)
        #expect(found["Retries"].number == 1_000_000)
        try image("silent", #"{"Test":["NONE"]}"#)
        defer { engine.run("image", "rm", "silent") }
        #expect(try check(image: "silent") == .null)
    }

    @Test("options of a check where there is none are an error, and so are both ways at once")
    func wrong() {
        let none = engine.run("create", "--health-interval", "1s", "BusyBox")
        #expect(none.status == 125 && none.errors.contains("the image BusyBox has none"), "\(none.errors)")
        let both = engine.run("run", "--no-healthcheck", "--health-cmd", "true", "BusyBox")
        #expect(both.status == 125 && both.errors.contains("exclude each other"), "\(both.errors)")
    }
}
