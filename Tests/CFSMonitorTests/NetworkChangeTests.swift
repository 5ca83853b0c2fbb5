import CFSLinux
import CFSModel
import Glibc
import TestSupport
import Testing

@testable import CFSMonitor

extension NetworkEndpoint {
    static var sample: NetworkEndpoint { sample("blue", 7) }

    static func sample(_ network: String, _ last: UInt8, internal isInternal: Bool = false) -> NetworkEndpoint {
        var ranges: [NetworkRecord.Range] = []
        if let base = IPAddress(bytes: [10, 10, last, 0]), let subnet = IPSubnet(containing: base, prefix: 24) {
            ranges = [NetworkRecord.Range(subnet: subnet, gateway: IPAddress(bytes: [10, 10, last, 1]))]
        }
        var record = NetworkRecord(
            id: "\(network)-id", name: network, ranges: ranges, device: "cfs-\(network)", createdAt: 1)
        record.isInternal = isInternal
        return NetworkEndpoint(
            network: record, interface: "eth0", addresses: [IPAddress(bytes: [10, 10, last, 2])].compactMap { $0 },
            hardwareAddress: [2, 0xcf, 10, 10, last, 2], names: ["www"])
    }
}

extension NetworkChange {
    static func sample(_ step: Step) -> NetworkChange {
        NetworkChange(
            step, folder: "/run/cfs/networks",
            files: [
                EtcFile(.hosts, before: "127.0.0.1\tlocalhost\n", after: "127.0.0.1\tlocalhost\n10.10.7.2\tweb\n"),
                EtcFile(.resolvers, before: "# none\n", after: "nameserver 127.0.0.11\n"),
            ])
    }
}

@Suite("Networks of a container that come and go")
struct NetworkChangeTests {
    private func settings(_ endpoints: NetworkEndpoint...) -> NetworkSettings {
        var settings = NetworkSettings(folder: "/run/cfs/networks")
        settings.endpoints = endpoints
        return settings
    }

    @Test("a new one has the first free device, wherever it stands in the order")
    func devices() throws {
        let first = try NetworkChange.sample(.connect(.sample, name: "web")).applied(to: nil)
        #expect(first.folder == "/run/cfs/networks" && first.endpoints.map(\.interface) == ["eth0"])
        let red = NetworkEndpoint.sample("red", 8)
        let second = try NetworkChange.sample(.connect(red, name: "web")).applied(to: first)
        #expect(second.endpoints.map(\.interface) == ["eth0", "eth1"])
        let less = try NetworkChange.sample(.disconnect("blue-id")).applied(to: second)
        #expect(less.endpoints.map(\.interface) == ["eth1"])
        let again = try NetworkChange.sample(.connect(.sample, name: "web")).applied(to: less)
        #expect(again.endpoints.map(\.network.name) == ["red", "blue"])
        #expect(again.endpoints.map(\.interface) == ["eth1", "eth0"])
        #expect(less.freeInterface(besides: ["lo", "eth0", "eth2"]) == "eth3")
    }

    @Test("the same one twice, and one that is not there, are errors")
    func wrong() {
        let blue = settings(.sample)
        let twice = #expect(throws: CFSError.self) {
            try NetworkChange.sample(.connect(.sample, name: "web")).applied(to: blue)
        }
        #expect(twice?.code == .conflict && twice?.message.contains("blue") == true)
        let absent = #expect(throws: CFSError.self) {
            try NetworkChange.sample(.disconnect("red-id")).applied(to: blue)
        }
        #expect(absent?.code == .conflict)
        #expect(throws: CFSError.self) { try NetworkChange.sample(.disconnect("red-id")).applied(to: nil) }
    }

    @Test("ports lead to the first network that the host reaches, and to no other")
    func target() {
        #expect(settings().target == nil)
        let vault = NetworkEndpoint.sample("vault", 9, internal: true)
        #expect(settings(vault).target == nil)
        #expect(settings(vault, .sample, .sample("red", 8)).target == .sample)
        let port = PortMapping(hostAddress: nil, hostPort: 8080, container: ContainerPort(80))
        #expect(ContainerPorts.published(settings(vault).target, [port]).isEmpty)
        #expect(
            ContainerPorts.published(settings(.sample).target, [port]).map(\.container)
                == NetworkEndpoint.sample.addresses)
    }

    private func text(_ file: NetworkChange.EtcFile, _ present: String) -> String? {
        file.bytes(after: Array(present.utf8)).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test("a file that nobody has touched is as the engine writes it")
    func untouched() {
        for file in NetworkChange.sample(.disconnect("")).files { #expect(text(file, file.before) == file.after) }
    }

    @Test("lines of the container's own stay in its hosts; its own resolvers are left alone")
    func own() {
        let file = NetworkChange.EtcFile(
            .hosts, before: "127.0.0.1\tlocalhost\n10.10.7.2\tweb\n10.10.8.2\tweb\n",
            after: "127.0.0.1\tlocalhost\n10.10.8.2\tweb\n10.10.9.2\tweb\n")
        #expect(
            text(file, "10.0.0.1 mine\n127.0.0.1\tlocalhost\n10.10.7.2\tweb\n10.10.8.2\tweb\n# end")
                == "10.0.0.1 mine\n127.0.0.1\tlocalhost\n10.10.8.2\tweb\n# end\n10.10.9.2\tweb\n")
        #expect(text(file, "") == "10.10.9.2\tweb\n")
        let resolvers = NetworkChange.EtcFile(.resolvers, before: "# none\n", after: "nameserver 127.0.0.11\n")
        #expect(text(resolvers, "nameserver 9.9.9.9\n") == nil)
    }

    @Test("a file is changed in its place, where the container sees it, and a link is not followed")
    func inPlace() throws {
        let folder = TemporaryDirectory()
        let file = NetworkChange.EtcFile(.hosts, before: "one\ntwo\nthree\n", after: "one\n")
        folder.write("one\ntwo\nthree\n", to: "hosts")
        let inode = try File.status(folder("hosts")).inode
        try file.apply(in: folder.path)
        #expect(textOfFile(folder("hosts")) == "one\n")
        #expect(try File.status(folder("hosts")).inode == inode)
        folder.write("one\ntwo\nthree\n", to: "elsewhere")
        #expect(rename(folder("hosts"), folder("old")) == 0 && symlink("elsewhere", folder("hosts")) == 0)
        #expect(throws: CFSError.self) { try file.apply(in: folder.path) }
        #expect(textOfFile(folder("elsewhere")) == "one\ntwo\nthree\n")
    }
}
