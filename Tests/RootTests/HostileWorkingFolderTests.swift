import Glibc
import TestSupport
import Testing

/// CVE-2024-21626: a descriptor of a host folder that was left open, and a working folder of `/proc/self/fd/N`.
@Suite("A working folder that points out of the container", .needsHost, .engine)
struct HostileWorkingFolderTests: EngineSuite {
    private static let marker = "marker-of-the-host"

    /// The beginning of a host script that holds 38 descriptors of a folder with a marker in it.
    private func holding() -> String {
        engine.folder.write("secret", to: "outside/\(Self.marker)")
        return "for n in $(seq 3 40); do eval \"exec $n<\(engine.folder("outside"))\"; done; "
    }

    /// The probes would see the marker if a descriptor led there: this is a shell that does inherit them.
    @Test("the host's own shell gets there by such a path")
    func control() {
        #expect(engine.host(holding() + "cd /proc/self/fd/7 && ls").output == "\(Self.marker)\n")
    }

    @Test("no descriptor of the caller becomes the working folder of a container")
    func run() {
        let script =
            holding()
            + "for n in $(seq 0 60); do $CFS run --rm -w /proc/self/fd/$n BusyBox sh -c 'ls; ls ..; cat marker*'; done"
        let result = engine.host(script, seconds: 600)
        #expect(!result.output.contains(Self.marker))
        #expect(!result.output.contains("secret"))
        #expect(result.errors.contains("cfs: "))
    }

    @Test("nor that of one more command", arguments: [[], ["--userns", "host"]])
    func exec(options: [String]) throws {
        try engine.withContainer(options) { id in
            let script =
                holding()
                + "for n in $(seq 0 60); do $CFS exec -w /proc/self/fd/$n \(id) sh -c 'ls; ls ..; cat marker*'; done"
            let result = engine.host(script, seconds: 600)
            #expect(!result.output.contains(Self.marker))
            #expect(!result.output.contains("secret"))
        }
    }

    @Test("also not by a link in the image")
    func link() throws {
        let image = try HostileImage(engine, "linked")
        try image.change("for n in $(seq 3 20); do ln -s /proc/self/fd/$n work$n; done")
        try image.importing()
        let script =
            holding() + "for n in $(seq 3 20); do $CFS run --rm -w /work$n linked sh -c 'ls; ls ..; cat marker*'; done"
        #expect(!engine.host(script, seconds: 600).output.contains(Self.marker))
        try engine.withContainer(image: "linked") { id in
            let script =
                holding() + "for n in $(seq 3 20); do $CFS exec -w /work$n \(id) sh -c 'ls; ls ..; cat marker*'; done"
            #expect(!engine.host(script, seconds: 600).output.contains(Self.marker))
        }
    }

    @Test(
        "a link of the kernel's own is refused in words",
        arguments: ["/proc/self/cwd", "/proc/self/root/etc", "/proc/1/cwd"])
    func words(path: String) {
        let result = engine.inside("pwd", "-w", path)
        #expect(result.status == 125 && result.output == "")
        let says =
            "the working directory \(path) leads through a link of the kernel's own, or through too many links\n  hint: "
            + "name a folder of the container by its own path: no link of /proc is followed there\n"
        #expect(result.errors.contains(says), "\(result.errors)")
    }

    @Test("one that cannot be made is called a working directory")
    func unmade() {
        let result = engine.inside("pwd", "-w", "/proc/nothing/here")
        #expect(result.status == 125)
        #expect(
            result.errors.contains("the working directory /proc/nothing/here can neither be opened nor made"),
            "\(result.errors)")
    }
}
