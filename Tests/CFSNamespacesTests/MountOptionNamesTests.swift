import CFSModel
import Testing

@testable import CFSNamespaces

@Suite("What a plan takes of a configuration")
struct MountOptionNamesTests {
    @Test(
        "every option that is said to be known is taken, and none is left for the file system",
        arguments: MountOptionNames.all)
    func known(name: String) {
        #expect(MountOptions([name]).data.isEmpty)
    }

    @Test("an option that is not known is left for the file system")
    func unknown() {
        #expect(MountOptions(["size=1m", "remount"]).data == ["size=1m", "remount"])
    }

    @Test("what only bundles have is refused in a configuration of the engine's own")
    func bundlesOwn() throws {
        var spec = RuntimeSpec(root: .init(path: "rootfs", readonly: false), process: .init(args: ["true"]))
        spec.linux.namespaces = [.init(type: "mount")]
        let extras = LaunchPlan.Extras(root: RootPlan(source: .folder("/"), readOnly: false))
        _ = try LaunchPlan(spec, extras)
        spec.hooks.poststop = [.init(path: "/bin/true")]
        let error = #expect(throws: CFSError.self) { try LaunchPlan(spec, extras) }
        #expect(error?.message == "hooks is not supported by this engine")
    }
}
