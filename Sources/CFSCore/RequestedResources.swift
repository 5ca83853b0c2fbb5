import CFSCgroups
import CFSModel
import CFSMonitor

/// The limits that a caller has asked for, with what follows from them.
enum RequestedResources {
    /// Without the default of `pids`, which is no request: a host that cannot limit them runs the container all the same.
    ///
    /// - Parameter devices: those of the request, with their numbers.
    static func of(_ spec: ContainerSpec, devices: [RuntimeSpec.Device]) -> RuntimeSpec.Resources {
        var resources = spec.resources
        if let limit = resources.memory?.limit, limit > 0, resources.memory?.swap == nil {
            // As much swap as memory, as users of Docker know it; the field counts both together.
            let (sum, overflow) = limit.addingReportingOverflow(limit)
            resources.memory?.swap = overflow ? -1 : sum
        }
        if needsDeviceFilter(spec) {
            var rules = [RuntimeSpec.DeviceRule(allow: false, access: "rwm")]
            for (device, request) in zip(devices, spec.devices) {
                rules.append(
                    RuntimeSpec.DeviceRule(
                        allow: true, type: device.type, major: Int64(device.major), minor: Int64(device.minor),
                        access: request.access))
            }
            resources.devices = rules + spec.resources.devices
        }
        return resources
    }

    /// In a user namespace of its own a container can make no device node, and finds only those it was given. Who has
    /// the host's user namespace can make any, so there a filter decides.
    private static func needsDeviceFilter(_ spec: ContainerSpec) -> Bool {
        if !spec.resources.devices.isEmpty { return true }
        if spec.privileged { return false }
        return spec.namespaces.user == .host || spec.devices.contains { !$0.isForReadingAndWriting }
    }

    /// Throws when the limits contradict each other, or no cgroup of this machine could hold them.
    ///
    /// - Parameter withControllers: whether a controller that is missing counts.
    static func check(
        _ resources: RuntimeSpec.Resources, _ cgroups: CgroupHierarchy?, withControllers: Bool = true
    ) throws(CFSError) {
        if resources == RuntimeSpec.Resources() { return }
        let settings = try CgroupSettings(resources, naming: LimitFlag.name)
        if settings.isEmpty { return }
        if let cgroups {
            if withControllers { try cgroups.check(settings) }
            return
        }
        throw CFSError(
            .cgroupControllerUnavailable, .limiting, "this host has no cgroup v2, so nothing can be limited",
            hint: "mount it: mount -t cgroup2 none /sys/fs/cgroup/unified. Without limits the container runs")
    }
}

extension DeviceRequest {
    var isForReadingAndWriting: Bool { access.contains("r") && access.contains("w") }
}
