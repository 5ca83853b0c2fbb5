import Glibc
import TestSupport
import Testing

@Suite("An import that fails shows nothing half-imported", .needsHost, .engine, .serialized)
struct BadImageTests: EngineSuite {
    /// Imports a file and expects an error and a store as before.
    private func expectRefused(_ path: String, _ says: [String], location: SourceLocation = #_sourceLocation) {
        let (stored, images) = (engine.stored, engine.run("images", "-q").output)
        let result = engine.run("image", "import", "refused", path)
        #expect(result.status == 1, "\(path): \(result.errors)", sourceLocation: location)
        #expect(result.errors.contains("cfs: "), sourceLocation: location)
        #expect(
            says.isEmpty || says.contains { result.errors.contains($0) }, "\(result.errors)", sourceLocation: location)
        #expect(engine.stored == stored, sourceLocation: location)
        #expect(engine.run("images", "-q").output == images, sourceLocation: location)
        #expect(namesInFolder("\(engine.root)/layers").allSatisfy { $0.utf8.count == 64 }, sourceLocation: location)
        let run = engine.run("run", "--rm", "refused", "true")
        #expect(run.status == 125 && run.errors.contains("there is no image \"refused\""), sourceLocation: location)
    }

    private func make(_ script: String) throws {
        let made = engine.host("set -e; \(script)")
        try #require(made.status == 0, "\(made.errors)")
    }

    @Test("a truncated archive, wherever it was cut", arguments: ["cat", "gzip", "xz", "zstd -q"])
    func truncated(pack: String) throws {
        let image = try HostileImage(engine, "whole")
        try make("tar -C \(image.tree) -c . | \(pack) > whole")
        let size = try #require(Int(engine.host("stat -c %s whole").text))
        for part in [100, size / 3, size * 9 / 10] {
            try make("head -c \(part) whole > cut")
            expectRefused(engine.folder("cut"), [])
        }
    }

    @Test("standard input that ends too early, or has nothing, and an import from it that is killed")
    func standardInput() throws {
        let image = try HostileImage(engine, "whole")
        try make("tar -C \(image.tree) -cf whole .; head -c 100000 whole > cut")
        let stored = engine.stored
        for (input, says) in [("cut", "the tar archive ends too early"), ("/dev/null", "standard input is empty")] {
            let result = engine.host("cat \(input) | $CFS image import refused -")
            #expect(result.status == 1 && result.errors.contains("cfs: \(says)\n"), "\(result.errors)")
        }
        // More than a pipe holds, so the import has begun to keep it.
        let killed = engine.host(
            """
            mkfifo way; exec 9<>way; $CFS image import -q refused - <way & id=$!
            head -c 300000 whole >&9; kill -9 $id; wait $id; echo $?
            """)
        #expect(killed.output == "137\n", "\(killed.errors)")
        #expect(engine.stored == stored && !namesInFolder(engine.root).contains { $0.hasPrefix(".") })
        // By other names too: a pipe is read from its beginning to its end.
        for source in ["-", "/dev/stdin", "<(cat)"] {
            let whole = engine.host(
                "cat whole | $CFS image import -q piped \(source) && $CFS run --rm piped true; $CFS image rm piped")
            #expect(whole.status == 0, "\(source): \(whole.errors)")
        }
    }

    @Test("a corrupt archive, an empty file, and what is none")
    func corrupt() throws {
        let image = try HostileImage(engine, "whole")
        try make(
            "tar -C \(image.tree) -cz . > corrupt; printf XXXX | dd of=corrupt bs=1 seek=90000 conv=notrunc status=none"
        )
        expectRefused(engine.folder("corrupt"), [])
        try make(": > empty; head -c 5000 /dev/urandom > noise")
        expectRefused(engine.folder("empty"), ["is empty"])
        expectRefused(engine.folder("noise"), ["is no archive"])
    }

    @Test(
        "a layer that tries to get out of its folder",
        arguments: [
            "tar -P --transform 's,^evil,../../../../../../../../../../..$OUT/evil,' -cf t.tar evil",
            "ln -s $OUT way && tar -cf t.tar way && rm way && mkdir way && echo x > way/evil && tar -rf t.tar way/evil",
            "ln $OUT/target hard && tar -P --transform 's,^target,../../../../../../../../../../..$OUT/target,;s,^hard,hard,' -cf t.tar hard evil",
            "ln -s ../../../../../../../../../../../$OUT up && tar -cf t.tar up && rm up && mkdir up && echo x > up/evil && tar -rf t.tar up/evil",
        ])
    func escape(script: String) throws {
        let out = engine.folder.makeFolder("out", mode: 0o777)
        engine.folder.write("untouched\n", to: "out/target")
        try make("rm -rf work; mkdir work; cd work; echo evil > evil; OUT=\(out); \(script)")
        let result = engine.run("image", "import", "-q", "escaping", engine.folder("work/t.tar"))
        // Refused, or unpacked inside: a link is replaced by the folder that follows it.
        #expect(namesInFolder(out) == ["target"])
        #expect(textOfFile("\(out)/target") == "untouched\n")
        if result.status == 0 { #expect(engine.run("image", "rm", "escaping").status == 0) }
    }

    @Test("names and attributes that a layer must not have")
    func forbidden() throws {
        try make(
            "rm -rf work; mkdir work; cd work; echo x > f; tar --xattrs --xattrs-include='*' -P --transform 's,^f,../f,' -cf ../dots.tar f"
        )
        expectRefused(engine.folder("dots.tar"), [])
        engine.folder.setAttribute("trusted.overlay.redirect", to: "/etc", of: "work/f")
        try make("cd work; tar --xattrs --xattrs-include='*' -cf ../attr.tar f")
        expectRefused(engine.folder("attr.tar"), ["trusted.overlay.redirect"])
    }

    @Test(
        "a digest that is none is refused before it is used",
        arguments: ["sha256:../../../../etc/passwd", "sha256:ABCD", "md5:00"])
    func digests(text: String) throws {
        engine.folder.makeFolder("layout/blobs/sha256")
        engine.folder.write(#"{"imageLayoutVersion":"1.0.0"}"#, to: "layout/oci-layout")
        let type = "application/vnd.oci.image.manifest.v1+json"
        engine.folder.write(
            #"{"schemaVersion":2,"manifests":[{"mediaType":"\#(type)","digest":"\#(text)","size":5}]}"#,
            to: "layout/index.json")
        expectRefused(engine.folder("layout"), ["digest", text])
    }

    @Test("a disk that is full in the middle: the error says so, and nothing is half there")
    func fullDisk() throws {
        let image = try HostileImage(engine, "large")
        try image.change("head -c 12000000 /dev/urandom > large")
        try make("tar -C \(image.tree) -cz . > large.tar.gz")
        engine.folder.makeFolder("small")
        // Mounted in a namespace of its own, and gone with it.
        let cfs = "\(engine.binary) --root $PWD/small/root --run $PWD/small/run"
        let script = """
            unshare -m --propagation private bash -c 'mount -t tmpfs -o size=20m none small || exit 99
            \(cfs) image import fits \(image.tree)/bin || exit 98
            find small/root/blobs small/root/layers > before
            \(cfs) image import large large.tar.gz; status=$?
            find small/root/blobs small/root/layers > after; \(cfs) images -q | wc -l
            cmp before after && exit $status'
            """
        let result = engine.host(script)
        #expect(result.status == 1, "\(result.output) \(result.errors)")
        #expect(result.errors.contains("No space left on device"), "\(result.errors)")
        #expect(
            result.errors.contains("there is no space left for the image in \(engine.folder("small/root")) ("),
            "\(result.errors)")
        #expect(result.errors.contains("hint: make room there, for example with cfs --root "), "\(result.errors)")
        #expect(result.lines.last == "1")
    }
}
