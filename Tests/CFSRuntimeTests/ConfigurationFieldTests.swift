import CFSCgroups
import CFSModel
import CFSNamespaces
import TestSupport
import Testing

@testable import CFSRuntime

@Suite("What becomes of each property of a configuration")
struct ConfigurationFieldTests {
    private static let refused = ConfigurationField.all.filter {
        if case .refused = $0.treatment { true } else { false }
    }
    private static let enforced = ConfigurationField.all.filter {
        if case .enforced = $0.treatment { true } else { false }
    }.map(\.path)

    /// What is enforced by commands, not by the plan of a start, and the root test that shows it.
    private static let byCommands: [(fields: [String], file: String, test: String)] = [
        (["ociVersion"], "OCIRuntimeConformanceTests", "versions of the specification that are taken, and not taken"),
        (["annotations"], "OCIRuntimeHookTests", "all six kinds run in their order"),
        (
            ["prestart", "createRuntime", "poststart", "poststop"].flatMap { kind in
                ["path", "args", "env", "timeout"].map { "hooks.\(kind)[].\($0)" }
            }, "OCIRuntimeConformanceHookTests", "every kind of hook has its arguments, its environment and its time"
        ),
        (["linux.cgroupsPath"], "OCIRuntimeConformanceTests", "the cgroup lies where cgroupsPath says"),
        (
            ["process.execCPUAffinity.initial", "process.execCPUAffinity.final"], "OCIRuntimeConformanceTests",
            "a further process runs on the processors of execCPUAffinity"
        ),
    ]

    @Test("every property of the schema has a row, and there is no other row")
    func schema() {
        let rows = ConfigurationField.all
        #expect(Set(rows.map(\.path)).count == rows.count, "a row stands twice")
        let properties = SchemaProperties.all
        for property in properties {
            let isTold = rows.contains { row in
                if row.path == property { return true }
                guard property.hasPrefix("\(row.path).") || property.hasPrefix("\(row.path)[") else { return false }
                if case .enforced = row.treatment { return false }
                return true
            }
            let isGroup = properties.contains { $0.hasPrefix("\(property).") || $0.hasPrefix("\(property)[") }
            #expect(isTold || isGroup, "\(property) has no row")
        }
        for row in rows { #expect(properties.contains(row.path), "\(row.path) is not in the schema") }
    }

    @Test("a field that is refused is an error that names it", arguments: refused.map(\.path))
    func refusals(path: String) throws {
        let field = try #require(ConfigurationField.all.first { $0.path == path })
        let error = try #require(field.refusal, "\(path) is not refused")
        let name = path.split(separator: ".").last.map(String.init) ?? path
        #expect([.invalidConfiguration, .kernelUnsupported].contains(error.code))
        #expect(error.message.contains(name), "\(error.message) does not name \(path)")
    }

    @Test("a field that is enforced changes what a start does", arguments: FieldSample.all)
    func effects(sample: FieldSample) throws {
        #expect(Self.enforced.contains(sample.path), "\(sample.path) is not called enforced")
        #expect(try Self.effect(of: sample, sample.with) != Self.effect(of: sample, sample.without))
        #expect(try Self.effect(of: sample, sample.with) == Self.effect(of: sample, sample.with))
    }

    @Test("each field that is enforced has a sample, or a test of the command that does it")
    func samples() throws {
        let shown = FieldSample.all.map(\.path) + Self.byCommands.flatMap(\.fields)
        #expect(Set(Self.enforced) == Set(shown))
        for entry in Self.byCommands {
            let file = Repository.path("Tests/RootTests/\(entry.file).swift")
            #expect(textOfFile(file)?.contains(entry.test) == true, "\(entry.file): \(entry.test)")
        }
    }

    @Test("the page of the documentation says what the code does")
    func page() throws {
        let page = try #require(textOfFile(Repository.path("docs/spec-conformance.md")))
        #expect(
            page.contains("\n\n\(ConfigurationField.markdown())\n"),
            "put the output of `cfs-runtime features --format markdown` into docs/spec-conformance.md")
    }

    /// All that a start is planned with, as text.
    private static func effect(of sample: FieldSample, _ value: String?) throws -> String {
        var text = #"{"ociVersion": "1.3.0", "root": {"path": "a"}, "process": {"args": ["a"], "cwd": "/"},"#
        text += #""linux": {"namespaces": [{"type": "mount"}, {"type": "pid"}, {"type": "network"}, {"type": "ipc"},"#
        text += #"{"type": "uts"}, {"type": "cgroup"}, {"type": "time"}]}}"#
        var json = try JSON(parsing: Array(text.utf8), what: "base")
        if let value {
            let member = try JSON(parsing: Array(value.utf8), what: sample.path)
            json = placing(member, at: sample.member.split(separator: ".")[...], in: json)
        }
        let spec = try RuntimeSpec(bundle: json)
        var extras = LaunchPlan.Extras(root: RootPlan(source: .folder(spec.root.path), readOnly: spec.root.readonly))
        extras.bundle = LaunchPlan.Bundle(spec, cgroupPath: nil)
        var out = ""
        dump(try LaunchPlan(spec, extras), to: &out)
        dump(try CgroupSettings(spec.linux.resources ?? RuntimeSpec.Resources()), to: &out)
        dump(try spec.linux.seccomp.map { try SeccompProfile(json: $0) }, to: &out)
        return out
    }

    private static func placing(_ value: JSON, at path: ArraySlice<Substring>, in json: JSON) -> JSON {
        guard let key = path.first.map(String.init) else { return value }
        var object = json.object ?? JSONObject()
        object[key] = placing(value, at: path.dropFirst(), in: object[key] ?? .object(JSONObject()))
        return .object(object)
    }
}
