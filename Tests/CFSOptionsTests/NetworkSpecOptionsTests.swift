import CFSCore
import OptionsSupport
import Testing

@testable import CFSOptions

@Suite("A network that is to be made")
struct NetworkSpecOptionsTests {
    @Test("every option is a property of the network")
    func all() throws {
        var options = NetworkSpecOptions()
        options.driver = "ipvlan"
        options.subnets = ["10.10.0.0/24", "fd00:1::/64"]
        options.gateways = ["10.10.0.254"]
        (options.ipv6, options.isInternal) = (true, true)
        options.options = ["parent=eth0", "com.docker.network.driver.mtu=1400"]
        options.labels = ["a=b", "c"]
        let spec = try options.spec(name: "blue")
        #expect(spec.name == "blue" && spec.driver == .ipvlan && spec.ipv6 && spec.isInternal)
        #expect(spec.subnets.map { "\($0)" } == ["10.10.0.0/24", "fd00:1::/64"])
        #expect(spec.gateways.map { "\($0)" } == ["10.10.0.254"])
        #expect(spec.parent == "eth0" && spec.mtu == 1400 && spec.labels == ["a": "b", "c": ""])
        #expect(try NetworkSpecOptions().spec(name: "x") == NetworkSpec(name: "x"))
    }

    @Test("what means nothing is told with what would be right")
    func wrong() {
        func told(_ change: (inout NetworkSpecOptions) -> Void) -> [String?] {
            var options = NetworkSpecOptions()
            change(&options)
            let error = failure { () throws(CFSError) in try options.spec(name: "x") }
            return [error?.message, error?.hint]
        }
        #expect(
            told { $0.subnets = ["10.1.1.1/24"] } == [
                #"--subnet does not take "10.1.1.1/24""#,
                "did you mean 10.1.1.0/24? A subnet has no bit set behind its prefix",
            ])
        #expect(
            told { $0.gateways = ["here"] } == [#"--gateway does not take "here""#, "write an address: 10.10.0.1"])
        #expect(
            told { $0.driver = "overlay" } == [#"there is no driver "overlay""#, "use bridge, macvlan or ipvlan"])
        #expect(
            told { $0.options = ["mtu=big"] } == [#""big" is no size for packets"#, "write bytes: mtu=1400"])
        #expect(
            told { $0.options = ["colour=red"] } == [
                #"--opt does not know "colour=red""#, "write mtu=BYTES, or parent=DEVICE",
            ])
        #expect(told { $0.options = ["mtu"] } == ["--opt mtu lacks its value", "write bytes: mtu=1400"])
        for text in ["parent", "parent="] {
            #expect(told { $0.options = [text] } == ["--opt parent lacks its value", "write parent=DEVICE"])
        }
        #expect(told { $0.labels = ["=b"] } == [#"the label "=b" has no key"#, "write key=value"])
    }
}
