import Glibc
import TestSupport
import Testing

@Suite("Images by the command line", .needsHost, .engine)
struct ImageTests: EngineSuite {
    @Test("an export goes into a pipe and through a link, and replaces neither; of a full device the error says so")
    func specialTargets() throws {
        #expect(engine.run("run", "--rm", "BusyBox", "true").status == 0)
        let file = engine.folder("whole.tar")
        #expect(engine.run("image", "export", "-o", file, "BusyBox").status == 0)
        let piped = engine.host(
            "mkfifo pipe; $CFS image export -q -o pipe BusyBox & cmp pipe whole.tar && wait $! && test -p pipe")
        #expect(piped.status == 0, "\(piped.errors)")
        let linked = engine.host(
            "touch real; ln -s real link; $CFS image export -q -o link BusyBox && cmp real whole.tar && test -L link")
        #expect(linked.status == 0, "\(linked.errors)")
        // A node of its own: a mistake must not cost the machine its device.
        let full = engine.host(
            "mknod full c 1 7; $CFS image export -q -o full BusyBox; echo $?; test -c full && echo still")
        #expect(full.lines.last == "still" && full.lines.first != "0")
        #expect(full.errors.contains("No space left") || full.errors.contains("full"), "\(full.errors)")
    }

    @Test("an image goes out and comes in again as the same image")
    func roundTrip() throws {
        #expect(engine.run("run", "--rm", "TinyCore", "true").status == 0)
        let file = engine.folder("tinycore.tar")
        #expect(engine.run("image", "export", "-o", file, "TinyCore").status == 0)
        let imported = engine.run("image", "import", "copy", file)
        #expect(imported.status == 0, "\(imported.errors)")
        #expect(imported.output.hasPrefix("copy  "))
        let (before, after) = (
            try engine.json("image", "inspect", "TinyCore")[0], try engine.json("image", "inspect", "copy")[0]
        )
        #expect(before["RootFS"] == after["RootFS"])
        #expect(before["Config"] == after["Config"])
        #expect(engine.run("run", "--rm", "copy", "ls").output == engine.run("run", "--rm", "TinyCore", "ls").output)
        // The same layers, which the first image still needs.
        #expect(before["Layers"] == after["Layers"])
        let removed = engine.run("image", "rm", "copy")
        #expect(removed.status == 0, "\(removed.errors)")
        #expect(engine.run("run", "--rm", "TinyCore", "true").status == 0)
    }

    @Test("recover removes what an import that was killed had half written, but not from under one at work")
    func leftovers() {
        // An engine of its own: imports of others would do it as well.
        let engine = EngineFixture()
        #expect(engine.run("run", "--rm", "BusyBox", "true").status == 0)
        let made = engine.host(
            "cd \(engine.root) && echo half > blobs/sha256/.a.partial && mkdir -p layers/.b.partial/usr")
        #expect(made.status == 0, "\(made.errors)")
        let busy = engine.host("flock \(engine.root)/images.lock $CFS system recover")
        #expect(busy.status == 0 && busy.output.contains("0 folders removed"), "\(busy.output)")
        #expect(namesInFolder("\(engine.root)/layers").contains(".b.partial"))
        #expect(engine.run("system", "recover").output.contains("2 folders removed"))
        let left = namesInFolder("\(engine.root)/layers") + namesInFolder("\(engine.root)/blobs/sha256")
        #expect(!left.isEmpty && !left.contains { $0.contains("partial") })
        #expect(engine.run("run", "--rm", "BusyBox", "true").status == 0)
    }

    @Test("an image goes to standard output as it goes to a file, and what is said of it beside that")
    func standardOutput() {
        #expect(engine.run("run", "--rm", "SlitazOS", "true").status == 0)
        let written = engine.run("image", "export", "-o", engine.folder("written.tar"), "SlitazOS")
        #expect(written.output == "" && written.errors.contains("SlitazOS  "), "\(written.errors)")
        let result = engine.host("$CFS image export -o - SlitazOS | cmp - written.tar && ls ./-")
        #expect(result.errors.contains("SlitazOS  "))
        // The listing fails: no file is called so.
        #expect(result.status == 2 && result.output == "", "\(result.errors)")
        #expect(engine.run("image", "export", "-q", "-o", engine.folder("quiet.tar"), "SlitazOS").errors == "")
    }

    @Test("a folder, a tar and a compressed tar become images", arguments: ["cat", "gzip", "xz", "bzip2", "zstd -q"])
    func forms(pack: String) throws {
        let name = "form-\(pack.prefix { $0 != " " })"
        let image = try HostileImage(engine, name)
        let file = engine.folder("\(name).tar")
        let packed = engine.host("tar -C \(image.tree) -c . | \(pack) > \(file)")
        try #require(packed.status == 0, "\(packed.errors)")
        #expect(engine.run("image", "import", "-q", name, file).status == 0)
        #expect(engine.run("run", "--rm", name, "echo", "works").output == "works\n")
        #expect(engine.run("image", "rm", name).status == 0)
    }

    @Test("a default command that is given at the import is run")
    func command() throws {
        let image = try HostileImage(engine, "with-command")
        try image.importing("--command", #"["/bin/echo", "by default"]"#)
        #expect(engine.run("run", "--rm", "with-command").output == "by default\n")
        #expect(engine.run("run", "--rm", "with-command", "echo", "other").output == "other\n")
    }

    @Test("a 120-layer image is one root file system")
    func manyLayers() throws {
        let made = engine.host(Self.layerScript(120))
        try #require(made.status == 0, "\(made.errors)")
        let imported = engine.run("image", "import", "-q", "layered", engine.folder("layout"))
        #expect(imported.status == 0, "\(imported.errors)")
        #expect(try engine.json("image", "inspect", "layered")[0]["Layers"].array.count == 121)
        let result = engine.run("run", "--rm", "layered", "sh", "-c", "ls /layers | wc -l; cat /last")
        #expect(result.output == "120\n120\n", "\(result.errors)")
    }

    /// An OCI layout of BusyBox and `count` thin layers over it, each with one new file and one that replaces the last.
    private static func layerScript(_ count: Int) -> String {
        """
        set -e; mkdir -p layout/blobs/sha256 t/bin; cd t; cp "$(command -v busybox)" bin/busybox
        for n in sh ls wc cat; do ln -s busybox bin/$n; done; mkdir proc sys dev etc; tar -cf ../l.tar .; cd ..; rm -r t
        sizes=; diffs=; layers=
        add() {
            d=$(sha256sum l.tar | cut -d' ' -f1); s=$(stat -c %s l.tar); mv l.tar layout/blobs/sha256/$d
            diffs="$diffs,\\"sha256:$d\\""
            layers="$layers,{\\"mediaType\\":\\"application/vnd.oci.image.layer.v1.tar\\",\\"digest\\":\\"sha256:$d\\",\\"size\\":$s}"
        }
        add
        for n in $(seq \(count)); do
            mkdir -p t/layers; echo $n > t/layers/$n; echo $n > t/last; tar -C t -cf l.tar .; rm -r t; add
        done
        put() { d=$(sha256sum blob | cut -d' ' -f1); s=$(stat -c %s blob); mv blob layout/blobs/sha256/$d; }
        printf '{"architecture":"amd64","os":"linux","config":{"Env":["PATH=/bin"]},"rootfs":{"type":"layers","diff_ids":[%s]}}' \
            "${diffs#,}" > blob; put
        printf '{"schemaVersion":2,"config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:%s","size":%s},"layers":[%s]}' \
            $d $s "${layers#,}" > blob; put
        printf '{"schemaVersion":2,"manifests":[{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:%s","size":%s}]}' \
            $d $s > layout/index.json
        echo '{"imageLayoutVersion":"1.0.0"}' > layout/oci-layout
        """
    }

    @Test("an image that a container uses stays, unless that is forced; then the container keeps running")
    func inUse() throws {
        let image = try HostileImage(engine, "used")
        try image.importing()
        try engine.withContainer(image: "used") { id in
            let refused = engine.run("image", "rm", "used")
            #expect(refused.status == 1)
            #expect(refused.errors.contains("is used by the container"), "\(refused.errors)")
            #expect(engine.run("image", "rm", "-f", "used").status == 0)
            #expect(engine.run("exec", id, "cat", "/etc/passwd").output.hasPrefix("root:"))
            #expect(!engine.run("images").output.contains("used"))
        }
    }

    @Test("a name goes while the image has another one, whatever containers use it; the last one is refused")
    func severalNames() throws {
        let image = try HostileImage(engine, "several")
        try image.importing()
        let file = engine.folder("several.tar")
        #expect(engine.run("image", "export", "-q", "-o", file, "several").status == 0)
        for name in ["several:2", "several:3"] {
            #expect(engine.run("image", "import", "-q", name, file).status == 0)
        }
        try engine.withContainer(["--name", "of-several"], image: "several:2") { id in
            for name in ["several:3", "several:2"] {
                let removed = engine.run("image", "rm", name)
                #expect(removed.status == 0 && removed.output == "\(name)\n", "\(removed.errors)")
            }
            let refused = engine.run("image", "rm", "several")
            #expect(
                refused.errors == """
                    cfs: the image several is used by the container of-several
                      hint: remove them first with `\(engine.typed) rm`, or use --force: their layers stay until they are gone

                    """)
            #expect(engine.run("exec", id, "cat", "/etc/passwd").output.hasPrefix("root:"))
        }
        #expect(engine.run("image", "rm", "several").status == 0)
    }
}

@Suite("What the store keeps", .needsHost, .engine)
struct ImageCollectionTests: EngineSuite {
    @Test("removing the last image that has a layer removes the layer")
    func collected() throws {
        let image = try HostileImage(engine, "alone")
        try image.change("echo only here > only")
        let before = Set(engine.stored)
        try image.importing()
        let added = Set(engine.stored).subtracting(before)
        #expect(added.count == 4)
        #expect(engine.run("image", "rm", "alone").output == "alone\n")
        #expect(Set(engine.stored).isDisjoint(with: added))
    }
}
