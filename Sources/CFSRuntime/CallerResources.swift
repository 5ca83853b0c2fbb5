import CFSModel

extension RuntimeSpec.Resources {
    /// A number of processes of 0 is what callers write when they want no limit; to the engine's own users it means none.
    mutating func readAsCallersDo() { if pids?.limit == 0 { pids = nil } }
}

/// What a container may use of devices whatever its configuration says (runtime-spec, config-linux.md, Default Devices).
enum DefaultDeviceRules {
    static let rules: [RuntimeSpec.DeviceRule] =
        ["c", "b"].map { RuntimeSpec.DeviceRule(allow: true, type: $0, major: nil, minor: nil, access: "m") }
        + [(1, 3), (1, 5), (1, 7), (1, 8), (1, 9), (5, 0), (5, 2)].map {
            RuntimeSpec.DeviceRule(allow: true, type: "c", major: $0.0, minor: $0.1, access: "rwm")
        } + [RuntimeSpec.DeviceRule(allow: true, type: "c", major: 136, minor: nil, access: "rwm")]
}
