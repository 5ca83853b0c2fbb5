import CFSCgroups
import CFSModel
import CFSNamespaces

/// A property of the configuration (runtime-spec 1.3.0, config-schema.json), and what becomes of it. ``all`` has every one;
/// docs/spec-conformance.md shows them, and tests hold the table to the schema and to the code.
struct ConfigurationField: Sendable {
    enum Treatment: Sendable {
        /// What it asks for holds, or there is no container.
        case enforced
        /// Asking for it is an error. The example is JSON that asks, at a member of the configuration.
        case refused(at: String, example: String)
        /// It means nothing on Linux.
        case foreign
    }

    /// `linux.devices[].path`; `*` stands for any key. A field that is refused or foreign stands for its members too.
    let path: String
    let treatment: Treatment
    let note: String

    static func enforced(_ path: String, _ note: String = "") -> ConfigurationField {
        ConfigurationField(path: path, treatment: .enforced, note: note)
    }
    static func refused(_ path: String, _ example: String, at member: String? = nil) -> ConfigurationField {
        ConfigurationField(path: path, treatment: .refused(at: member ?? path, example: example), note: "")
    }
    static func foreign(_ path: String, _ note: String) -> ConfigurationField {
        ConfigurationField(path: path, treatment: .foreign, note: note)
    }

    /// What the code that refuses it says to its example; nil when it is not refused.
    var refusal: CFSError? {
        guard case .refused(let member, let example) = treatment else { return nil }
        do throws(CFSError) {
            try Enforcement.examine(try Self.configuration(example, at: member))
            return nil
        } catch { return error }
    }

    /// The smallest configuration that can start, with a value at a member.
    ///
    /// - Parameters:
    ///   - value: JSON.
    ///   - member: names of objects, with dots.
    static func configuration(_ value: String, at member: String) throws(CFSError) -> JSON {
        let smallest: JSON = [
            "ociVersion": .string(RuntimeMain.specification), "root": ["path": "rootfs"],
            "process": ["args": ["sh"], "cwd": "/"], "linux": ["namespaces": [["type": "mount"]]],
        ]
        let json = try JSON(parsing: Array(value.utf8), what: member)
        return placing(json, at: member.split(separator: ".")[...], in: smallest)
    }

    private static func placing(_ value: JSON, at path: ArraySlice<Substring>, in json: JSON) -> JSON {
        guard let key = path.first.map(String.init) else { return value }
        var object = json.object ?? JSONObject()
        object[key] = placing(value, at: path.dropFirst(), in: object[key] ?? .object(JSONObject()))
        return .object(object)
    }

    /// The table of docs/spec-conformance.md.
    static func markdown() -> String {
        var text = "| field | | |\n| --- | --- | --- |\n"
        for field in all {
            let (word, why): (String, String)
            switch field.treatment {
            case .enforced: (word, why) = ("enforced", field.note)
            case .refused: (word, why) = ("refused", field.refusal?.message ?? "")
            case .foreign: (word, why) = ("not of Linux", field.note)
            }
            text += "| `\(field.path)` | \(word) | \(why) |\n"
        }
        return text
    }
}

extension Enforcement {
    /// Decides about a configuration as `create` does, as far as the kernel need not be asked.
    static func examine(_ configuration: JSON) throws(CFSError) {
        let spec = try RuntimeSpec(bundle: configuration)
        try check(spec)
        if let resources = spec.linux.resources { _ = try CgroupSettings(resources) }
        if let seccomp = spec.linux.seccomp { _ = try SeccompProfile(json: seccomp) }
        var extras = LaunchPlan.Extras(root: RootPlan(source: .folder("/"), readOnly: spec.root.readonly))
        extras.bundle = LaunchPlan.Bundle(spec, cgroupPath: nil)
        _ = try LaunchPlan(spec, extras)
    }
}

extension LaunchPlan.Bundle {
    /// What a bundle's configuration says beyond that of the engine's own containers.
    init(_ spec: RuntimeSpec, cgroupPath: String?) {
        self.init()
        self.cgroupPath = cgroupPath
        joinsOfHost = HostNamespaces.among(spec.linux.namespaces)
        let hooks = spec.hooks
        held.stopsAtMounts = !(hooks.prestart.isEmpty && hooks.createRuntime.isEmpty && hooks.createContainer.isEmpty)
        held.createContainerHooks = hooks.createContainer.map { HookPlan($0) }
        held.startContainerHooks = hooks.startContainer.map { HookPlan($0) }
    }
}
