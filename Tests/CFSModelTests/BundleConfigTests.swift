import CFSModel
import TestSupport
import Testing

@Suite("The configuration of an OCI bundle")
struct BundleConfigTests {
    private static func read(_ text: String) throws(CFSError) -> RuntimeSpec {
        try RuntimeSpec(bundle: JSON(parsing: Array(text.utf8), what: "config.json"))
    }

    /// Where `out` does not hold what `said` says, by full name. An empty list may be left out.
    private static func missing(of said: JSON, in out: JSON?, at place: String = "") -> [String] {
        if case .object(let members) = said {
            guard out?.object != nil else { return [place] }
            return members.entries.flatMap { entry in
                missing(of: entry.value, in: out?[entry.key], at: place.isEmpty ? entry.key : "\(place).\(entry.key)")
            }
        }
        if case .array(let items) = said {
            let others = out?.array ?? []
            guard items.count == others.count else { return [place] }
            return items.indices.flatMap { missing(of: items[$0], in: others[$0], at: "\(place)[\($0)]") }
        }
        return said == out ? [] : [place]
    }

    @Test("what a configuration may say arrives where it belongs")
    func fields() throws {
        let spec = try Self.read(ConfigDocuments.whole)
        #expect(spec.mounts[0].uidMappings == [.init(containerID: 0, hostID: 1, size: 2)])
        #expect(spec.mounts[0].gidMappings == [.init(containerID: 3, hostID: 4, size: 5)])
        // Relative ones are for who mounts them.
        #expect(spec.mounts[1] == .init(destination: "data", type: "", source: "", options: []))
        let process = spec.process
        #expect(process.apparmorProfile == "profile" && process.selinuxLabel == "label")
        var scheduler = RuntimeSpec.Scheduler(policy: "SCHED_DEADLINE")
        (scheduler.nice, scheduler.priority, scheduler.flags) = (-5, 1, ["SCHED_FLAG_RECLAIM"])
        (scheduler.runtime, scheduler.deadline, scheduler.period) = (1, 2, .max)
        #expect(process.scheduler == scheduler)
        #expect(process.ioPriority == .init(class: "IOPRIO_CLASS_BE", priority: 4))
        #expect(process.execCPUAffinity == .init(initial: "0-1", final: "2, 3"))
        let hooks = spec.hooks
        #expect(hooks.prestart == [.init(path: "/a", args: ["a", "b"], env: ["K=v"], timeout: 1), .init(path: "/b")])
        #expect(hooks.createRuntime == [.init(path: "/c")])
        #expect(hooks.createContainer == [.init(path: "/d")])
        #expect(hooks.startContainer == [.init(path: "/e")])
        #expect(hooks.poststart == [.init(path: "/f")])
        #expect(hooks.poststop == [.init(path: "/g")])
        let linux = spec.linux
        var device = RuntimeSpec.Device(type: "b", path: "/dev/b", major: 8, minor: 1, fileMode: 0o600)
        (device.uid, device.gid) = (7, 8)
        #expect(linux.devices == [device, .init(type: "p", path: "/dev/p", major: 0, minor: 0, fileMode: nil)])
        #expect(linux.netDevices == [.init(hostName: "eth1", name: "eth0"), .init(hostName: "eth0")])
        #expect(linux.rootfsPropagation == "rslave" && linux.mountLabel == "label")
        #expect(linux.personality == .init(domain: "LINUX32", flags: ["f"]))
        #expect(linux.intelRdt?["schemata"] == ["L3:0=f"])
        #expect(linux.memoryPolicy == .init(mode: "MPOL_BIND", nodes: "0-1", flags: ["MPOL_F_STATIC_NODES"]))
    }

    @Test("what is written reads back as it was, both as a bundle's and as the engine's own")
    func roundTrip() throws {
        let said = try JSON(parsing: Array(ConfigDocuments.whole.utf8), what: "config.json")
        let spec = try RuntimeSpec(bundle: said)
        #expect(Self.missing(of: said, in: spec.json) == [])
        #expect(try RuntimeSpec(bundle: spec.json) == spec)
        #expect(try RuntimeSpec(json: spec.json) == spec)
    }

    @Test("a configuration may have no process: it is not written either")
    func withoutProcess() throws {
        let spec = try Self.read(ConfigExamples.minimal)
        #expect(!spec.hasProcess && spec.process == .init(args: []))
        #expect(spec.json.text() == #"{"ociVersion":"1.0.0","root":{"path":"rootfs","readonly":false}}"#)
        #expect(try Self.read(ConfigExamples.minimalForStart).hasProcess)
    }

    @Test("unknown members and those of other platforms are ignored in a bundle, and refused in the engine's own files")
    func unknown() throws {
        let text = ConfigDocuments.strange
        #expect(try Self.read(text) == Self.read(ConfigExamples.minimalForStart))
        let json = try JSON(parsing: Array(text.utf8), what: "config.json")
        #expect(throws: CFSError.self) { try RuntimeSpec(json: json) }
        let process = try #require(json["process"])
        #expect(try RuntimeSpec.Process(bundle: process).args == ["sh"])
        #expect(throws: CFSError.self) { try RuntimeSpec.Process(json: process) }
        let resources: JSON = ["pids": ["limit": 1, "unheardOf": 2]]
        #expect(try RuntimeSpec.Resources(bundle: resources).pids?.limit == 1)
        #expect(throws: CFSError.self) { try RuntimeSpec.Resources(json: resources) }
    }

    // MARK: The examples of the specification

    @Test(
        "the good examples are read, and what they say for Linux reads back as it was",
        arguments: [
            ConfigExamples.minimal, ConfigExamples.minimalForStart, ConfigExamples.specExample,
            ConfigExamples.linuxNetdevice, ConfigExamples.linuxRdma, ConfigExamples.freebsdMinimal,
            ConfigExamples.freebsdExample, ConfigExamples.zosMinimal, ConfigExamples.zosExample,
        ])
    func good(text: String) throws {
        let said = try JSON(parsing: Array(text.utf8), what: "config.json")
        let spec = try RuntimeSpec(bundle: said)
        let missing = Self.missing(of: said, in: spec.json).filter {
            // Of other platforms; and one that the schema does not know.
            !$0.hasPrefix("zos") && !$0.hasPrefix("freebsd") && $0 != "linux.resources.oomScoreAdj"
        }
        #expect(missing == [])
        #expect(try RuntimeSpec(bundle: spec.json) == spec)
        #expect(try RuntimeSpec(json: spec.json) == spec)
    }

    @Test(
        "the bad examples are refused, and the message names the field",
        arguments: [
            (ConfigExamples.badInvalidJson, "config.json is not valid JSON"),
            (ConfigExamples.badLinuxHugepage, "linux.resources.hugepageLimits[0].pageSize must be "),
            (ConfigExamples.badLinuxNetdevice, "linux.netDevices.eth0.name must be a string"),
            (ConfigExamples.badLinuxRdma, "linux.resources.rdma.mlx5_1.hcaHandles must be "),
            // Another platform's, but the schema refuses it.
            (ConfigExamples.badFreebsdVnetDisable, "freebsd.jail.vnet must be "),
        ])
    func bad(text: String, message: String) {
        let error = #expect(throws: CFSError.self) { try Self.read(text) }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.hasPrefix(message) == true, "\(error?.message ?? "")")
    }
}

@Suite("What a bundle's configuration may not say")
struct BundleConfigFaultTests {
    /// The smallest configuration that can start, with `json` at `path`: names of members, and a number in a list.
    private static func config(_ path: String, _ json: String) throws(CFSError) -> JSON {
        let text = #"{"ociVersion": "1.3.0", "root": {"path": "r"}, "process": {"cwd": "/", "args": ["a"]}}"#
        let value = try JSON(parsing: Array(json.utf8), what: path)
        return placing(value, at: path.split(separator: ".")[...], in: try JSON(parsing: Array(text.utf8), what: "c"))
    }

    private static func placing(_ value: JSON, at path: ArraySlice<Substring>, in json: JSON) -> JSON {
        guard let key = path.first.map(String.init) else { return value }
        var object = json.object ?? JSONObject()
        object[key] = placing(value, at: path.dropFirst(), in: object[key] ?? .object(JSONObject()))
        return .object(object)
    }

    private func check(_ path: String, _ good: [String], _ bad: [String], _ name: String) throws {
        for value in good {
            #expect(throws: Never.self, "\(path): \(value)") { try RuntimeSpec(bundle: Self.config(path, value)) }
        }
        for value in bad {
            let error = #expect(throws: CFSError.self, "\(path): \(value)") {
                try RuntimeSpec(bundle: Self.config(path, value))
            }
            #expect(error?.code == .invalidConfiguration)
            #expect(error?.message.hasPrefix("\(name) ") == true, "\(error?.message ?? "") does not name \(name)")
        }
    }

    @Test("a wrong value is refused by its full name, and right ones are taken", arguments: ConfigFaults.values)
    func values(fault: ConfigFaults.Fault) throws { try check(fault.path, fault.good, fault.bad, fault.name) }

    @Test("a member of another type is refused by its full name", arguments: ConfigFaults.types)
    func types(fault: ConfigFaults.Fault) throws { try check(fault.path, fault.good, fault.bad, fault.name) }

    @Test("a member that the schema needs is asked for by its full name", arguments: ConfigFaults.needs)
    func needs(fault: ConfigFaults.Fault) throws { try check(fault.path, fault.good, fault.bad, fault.name) }
}
