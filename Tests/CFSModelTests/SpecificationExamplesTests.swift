import CFSModel
import TestSupport
import Testing

/// The files of the specification itself, where they lie beside the repository.
@Suite(
    "The published examples of the runtime specification",
    .enabled(if: Repository.Specification.runtime.isThere, "\(Repository.Specification.runtime.missing)"))
struct SpecificationExamplesTests {
    private static let folder = Repository.Specification.runtime.path + "/examples"

    private static func files(_ place: String) -> [String] {
        namesInFolder("\(folder)/\(place)").map { "\(place)/\($0)" }
    }

    private static func json(_ file: String) throws -> JSON {
        let text = try #require(textOfFile("\(folder)/\(file)"))
        return try JSON(parsing: Array(text.utf8), what: file)
    }

    /// The member of a bad one that the message must name; without one it is no JSON.
    private static let faults = [
        "config/bad/linux-netdevice.json": "linux.netDevices.eth0.name",
        "config/bad/linux-rdma.json": "linux.resources.rdma.mlx5_1.hcaHandles",
        "config/bad/linux-hugepage.json": "linux.resources.hugepageLimits[0].pageSize",
        "config/bad/freebsd-vnet-disable.json": "freebsd.jail.vnet",
        "features/bad/missing-ociVersionMax.json": "ociVersionMax",
    ]

    @Test("a good configuration is read, and what is written reads back as it was", arguments: files("config/good"))
    func goodConfiguration(file: String) throws {
        let spec = try RuntimeSpec(bundle: try Self.json(file))
        #expect(try RuntimeSpec(bundle: spec.json) == spec)
        #expect(try RuntimeSpec(json: spec.json) == spec)
    }

    @Test(
        "a good state and good features read back as they were", arguments: files("state/good") + files("features/good")
    )
    func goodOthers(file: String) throws {
        let said = try Self.json(file)
        let written = file.hasPrefix("state") ? try RuntimeState(json: said).json : try RuntimeFeatures(json: said).json
        #expect(written == said)
    }

    @Test(
        "a bad one is refused by the name of what is wrong",
        arguments: files("config/bad") + files("state/bad") + files("features/bad"))
    func bad(file: String) {
        let error = #expect(throws: CFSError.self) {
            let json = try Self.json(file)
            if file.hasPrefix("config") { _ = try RuntimeSpec(bundle: json) }
            if file.hasPrefix("state") { _ = try RuntimeState(json: json) }
            if file.hasPrefix("features") { _ = try RuntimeFeatures(json: json) }
        }
        #expect(error?.code == .invalidConfiguration)
        let expected = Self.faults[file].map { "\($0) " } ?? "\(file) is not valid JSON"
        #expect(error?.message.hasPrefix(expected) == true, "\(error?.message ?? "")")
    }

    @Test("there are as many as were published")
    func count() {
        #expect(Self.files("config/good").count == 9 && Self.files("config/bad").count == 5)
        #expect(Self.files("state/good").count == 1 && Self.files("state/bad").count == 1)
        #expect(Self.files("features/good").count == 2 && Self.files("features/bad").count == 1)
    }
}
