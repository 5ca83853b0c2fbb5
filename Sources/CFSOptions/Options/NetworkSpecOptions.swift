import CFSCore

/// A network that is to be made, in the words of `cfs network create`.
package struct NetworkSpecOptions {
    package static let optionNames = OptionNames(
        flags: ["internal", "ipv6"], values: ["driver d"], lists: ["subnet", "gateway", "opt o", "label l"])

    package var driver: String?
    package var subnets: [String] = []
    package var gateways: [String] = []
    package var ipv6 = false
    package var isInternal = false
    /// `mtu=BYTES`, `parent=DEVICE`.
    package var options: [String] = []
    package var labels: [String] = []

    package init() {}

    /// - Throws: `invalidArgument` for a text that means nothing; what cannot be together the engine says.
    package func spec(name: String) throws(CFSError) -> NetworkSpec {
        var spec = NetworkSpec(name: name)
        if let driver { spec.driver = try Self.driver(driver) }
        for text in subnets {
            guard let subnet = IPSubnet(text) else { throw Self.wrong(subnet: text) }
            spec.subnets.append(subnet)
        }
        for text in gateways {
            guard let address = IPAddress(text) else {
                throw CFSError(
                    .invalidArgument, .parsing, "--gateway does not take \"\(text)\"",
                    hint: "write an address: 10.10.0.1")
            }
            spec.gateways.append(address)
        }
        spec.ipv6 = ipv6
        spec.isInternal = isInternal
        for text in options { try Self.read(option: text, &spec) }
        for text in labels {
            let (key, value) = try LabelSyntax.label(text)
            spec.labels[key] = value
        }
        return spec
    }

    private static func driver(_ text: String) throws(CFSError) -> NetworkRecord.Driver {
        if let driver = NetworkRecord.Driver(rawValue: text) { return driver }
        throw CFSError(
            .invalidArgument, .parsing, "there is no driver \"\(text)\"", hint: "use bridge, macvlan or ipvlan")
    }

    private static func wrong(subnet text: String) -> CFSError {
        let meant = IPSubnet.parts(text).flatMap { IPSubnet(containing: $0.address, prefix: $0.prefix) }
        return CFSError(
            .invalidArgument, .parsing, "--subnet does not take \"\(text)\"",
            hint: meant.map { "did you mean \($0)? A subnet has no bit set behind its prefix" }
                ?? "write an address and how many of its bits are the same for all: 10.10.0.0/24")
    }

    private static func read(option text: String, _ spec: inout NetworkSpec) throws(CFSError) {
        let pair = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        switch (pair[0], pair.count == 2 ? pair[1] : nil) {
        case ("mtu", let value?), ("com.docker.network.driver.mtu", let value?):
            guard let mtu = UInt32(value) else {
                throw CFSError(
                    .invalidArgument, .parsing, "\"\(value)\" is no size for packets", hint: "write bytes: mtu=1400")
            }
            spec.mtu = mtu
        case ("parent", let value?) where !value.isEmpty: spec.parent = value
        case ("mtu", nil), ("com.docker.network.driver.mtu", nil), ("parent", _):
            throw CFSError(
                .invalidArgument, .parsing, "--opt \(pair[0]) lacks its value",
                hint: pair[0] == "parent" ? "write parent=DEVICE" : "write bytes: \(pair[0])=1400")
        default:
            throw CFSError(
                .invalidArgument, .parsing, "--opt does not know \"\(text)\"",
                hint: "write mtu=BYTES, or parent=DEVICE")
        }
    }
}
