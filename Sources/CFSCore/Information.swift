import CFSCgroups
import CFSLinux
import CFSModel
import Glibc

/// The machine, as uname(2) and sysconf(3) tell it.
struct Machine {
    let kernel: String
    let architecture: String
    let hostname: String
    let processors: Int
    /// Bytes.
    let memory: UInt64

    init() {
        var names = utsname()
        uname(&names)
        kernel = Self.text(&names.release)
        architecture = Self.text(&names.machine)
        hostname = Self.text(&names.nodename)
        processors = sysconf(Int32(_SC_NPROCESSORS_ONLN))
        memory = UInt64(max(0, sysconf(Int32(_SC_PHYS_PAGES)))) * UInt64(max(0, sysconf(Int32(_SC_PAGESIZE))))
    }

    private static func text<Field>(_ field: inout Field) -> String {
        withUnsafeBytes(of: &field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    /// The first two numbers of the kernel's release.
    var kernelVersion: (major: Int, minor: Int) {
        let numbers = kernel.split(whereSeparator: { !$0.isNumber }).prefix(2).compactMap { Int($0) }
        return (numbers.first ?? 0, numbers.count > 1 ? numbers[1] : 0)
    }
}

extension Engine {
    /// The engine and the machine it runs on.
    public func information() throws(CFSError) -> JSON {
        let machine = Machine()
        let records = try containers()
        let images = try images()
        func count(_ name: String) -> JSON { .integer(Int64(records.count { $0.statusName == name })) }
        let hierarchy = try cgroups()
        var cgroup: JSON = .null
        if let hierarchy {
            cgroup = [
                "MountPoint": .string(hierarchy.mountPoint), "Folder": .string(hierarchy.folder),
                "Controllers": JSON(try hierarchy.controllers()),
            ]
        }
        let layers = layerUse(images)
        return [
            "Version": .string(Engine.version), "Root": .string(options.root), "Run": .string(options.run),
            "Runtime": .string(try RuntimeExecutable.find(options)),
            "Containers": [
                "Total": .integer(Int64(records.count)), "Running": count("running"), "Exited": count("exited"),
                "Created": count("created"), "Restarting": count("restarting"),
            ],
            "Images": .integer(Int64(images.count)),
            "Layers": [
                "Total": .integer(Int64(layers.count)), "Bytes": JSON(unsigned: layers.reduce(0) { $0 + $1.size }),
            ],
            "Kernel": .string(machine.kernel), "Architecture": .string(machine.architecture),
            "Name": .string(machine.hostname),
            "CPUs": .integer(Int64(machine.processors)), "Memory": JSON(unsigned: machine.memory), "Cgroup": cgroup,
        ]
    }
}
