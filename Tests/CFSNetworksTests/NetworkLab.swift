import CFSLinux
import Glibc
import TestSupport

/// Runs a body in a thread whose network is its own: nobody else sees it, and it goes with the thread and with what the
/// body started there.
func withPrivateNetwork<Value>(_ body: @escaping () throws -> Value) throws -> Value {
    var outcome: Result<Value, any Error>?
    let work = PrivateWork {
        outcome = Result {
            try ProcessControl.unshare(.network)
            return try body()
        }
    }
    var thread = pthread_t()
    let started = pthread_create(
        &thread, nil,
        { pointer in
            Unmanaged<PrivateWork>.fromOpaque(pointer!).takeRetainedValue().body()
            return nil
        }, Unmanaged.passRetained(work).toOpaque())
    precondition(started == 0, "pthread_create: \(String(cString: strerror(started)))")
    pthread_join(thread, nil)
    return try outcome!.get()
}

private final class PrivateWork {
    let body: () -> Void
    init(_ body: @escaping () -> Void) { self.body = body }
}

/// A process in a network namespace that serves and calls as it is told: a container, a neighbour, or the host.
final class NetworkAgent {
    private let process: RunningCommand
    private var asked = 0
    var pid: pid_t { process.pid }

    /// - Parameter isolated: in a namespace of its own instead of the caller's.
    init(isolated: Bool = true) {
        let command = ["/usr/bin/python3", "-I", "-u", "-c", Self.program]
        process = RunningCommand(
            (isolated ? ["/usr/bin/unshare", "-n"] : []) + command,
            environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"])
        let isReady = process.waitForOutput("0 ready\n")
        precondition(isReady, "the agent does not start: \(process.errorsSoFar)")
    }

    /// Has it do something and say what came of it.
    func ask(_ words: String) -> String {
        asked += 1
        process.write("\(asked) \(words)\n")
        let answer = "\n\(asked) "
        let isAnswered = process.waitForOutput(answer) && process.waitForOutput("\n\(asked) end\n")
        precondition(isAnswered, "the agent does not answer \(words): \(process.errorsSoFar)")
        let line = process.outputSoFar.split(separator: "\n").last {
            $0.hasPrefix("\(asked) ") && !$0.hasSuffix(" end")
        }
        return String((line ?? "").drop { $0 != " " }.dropFirst())
    }

    /// The address that a server saw the call come from; nil when nobody answered.
    ///
    /// - Parameter waiting: how long to wait for an answer, milliseconds; a call that must not arrive waits for all of it.
    func call(_ transport: String = "tcp", _ address: String, _ port: Int, waiting: Int = 10_000) -> String? {
        let answer = ask("\(transport) \(address) \(port) \(Double(waiting) / 1000)")
        return answer.hasPrefix("from ") ? String(answer.dropFirst(5)) : nil
    }

    /// Whether nobody answers such a call within a time that others need a hundredth of.
    func isCutOff(from address: String, _ port: Int = 80) -> Bool { call("tcp", address, port, waiting: 250) == nil }

    /// Serves, with TCP and UDP: it answers with the address that it was called from, and keeps connections open, of which it
    /// repeats what comes.
    func serve(_ address: String, _ port: Int) {
        let answer = ask("serve \(address) \(port)")
        precondition(answer == "serving", answer)
    }

    private static let program = """
        import socket, sys, threading, subprocess
        calls = {}
        def family(a): return socket.AF_INET6 if ':' in a else socket.AF_INET
        def stream(c, peer):
            try:
                c.sendall(peer[0].encode() + b'\\n')
                while True:
                    data = c.recv(4096)
                    if not data: return
                    c.sendall(data)
            except OSError: pass
        def streams(s):
            while True:
                c, peer = s.accept()
                threading.Thread(target=stream, args=(c, peer), daemon=True).start()
        def datagrams(s):
            while True:
                data, peer = s.recvfrom(4096)
                s.sendto(peer[0].encode() + b'\\n', peer)
        def serve(address, port):
            s = socket.socket(family(address), socket.SOCK_STREAM)
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind((address, int(port))); s.listen(16)
            d = socket.socket(family(address), socket.SOCK_DGRAM)
            d.bind((address, int(port)))
            threading.Thread(target=streams, args=(s,), daemon=True).start()
            threading.Thread(target=datagrams, args=(d,), daemon=True).start()
            return 'serving'
        def tcp(address, port, wait):
            with socket.create_connection((address, int(port)), timeout=float(wait)) as s:
                return 'from ' + s.makefile().readline().strip()
        def udp(address, port, wait):
            with socket.socket(family(address), socket.SOCK_DGRAM) as s:
                s.settimeout(float(wait)); s.connect((address, int(port))); s.send(b'x')
                return 'from ' + s.recv(4096).decode().strip()
        def datagram(address, port, source, wait):
            with socket.socket(family(address), socket.SOCK_DGRAM) as s:
                s.bind(('', int(source))); s.settimeout(float(wait)); s.connect((address, int(port))); s.send(b'x')
                return 'from ' + s.recv(4096).decode().strip()
        def hold(name, address, port):
            s = socket.create_connection((address, int(port)), timeout=10)
            calls[name] = (s, s.makefile())
            return 'from ' + calls[name][1].readline().strip()
        def talk(name, wait):
            s, lines = calls[name]
            s.settimeout(float(wait)); s.sendall(b'hello\\n')
            return lines.readline().strip()
        def run(*words):
            r = subprocess.run(['/bin/sh', '-ec', ' '.join(words)], capture_output=True, text=True)
            return 'ok' if r.returncode == 0 else 'failed: ' + r.stderr.replace('\\n', ' ')
        print('0 ready')
        for line in sys.stdin:
            number, what, *words = line.split()
            try: answer = globals()[what](*words)
            except OSError as error: answer = 'error ' + str(error)
            print('\\n' + number, answer + '\\n' + number, 'end')
        """
}

/// A host with bridges, containers on them and a neighbour outside, in network namespaces of a test's own.
///
/// `br0` has a and b, `br1` has c, the internal `brint` has i and j; they are 10.89.N.0/24 and fd00:89:N::/64 with N from 1,
/// where the host is 1 and the containers count from 2. The host is 192.0.2.1 and 2001:db8::1 for its neighbour, who has 2 and knows the
/// way to the containers.
final class NetworkLab {
    let outside = NetworkAgent()
    let a = NetworkAgent()
    let b = NetworkAgent()
    let c = NetworkAgent()
    let i = NetworkAgent()
    let j = NetworkAgent()
    /// In the namespace of the bridges.
    let host = NetworkAgent(isolated: false)

    let addresses: Addresses

    /// Those of one family, the only one in the lab.
    struct Addresses {
        let isIPv6: Bool
        func container(_ network: Int, _ number: Int) -> String {
            isIPv6 ? "fd00:89:\(network)::\(number)" : "10.89.\(network).\(number)"
        }
        func subnet(_ network: Int) -> String { isIPv6 ? "fd00:89:\(network)::/64" : "10.89.\(network).0/24" }
        func outside(_ number: Int) -> String { isIPv6 ? "2001:db8::\(number)" : "192.0.2.\(number)" }
        var any: String { isIPv6 ? "::" : "0.0.0.0" }
    }

    /// - Parameter filtersBridged: whether packets within a bridge pass the rules too, as br_netfilter has it on many hosts.
    init(isIPv6: Bool, filtersBridged: Bool) {
        addresses = Addresses(isIPv6: isIPv6)
        let places: [(NetworkAgent, bridge: String, network: Int, number: Int)] = [
            (a, "br0", 1, 2), (b, "br0", 1, 3), (c, "br1", 2, 2), (i, "brint", 3, 2), (j, "brint", 3, 3),
        ]
        let length = isIPv6 ? 64 : 24
        let forwarding = isIPv6 ? "ipv6/conf/all/forwarding" : "ipv4/ip_forward"
        run(host, "ip link set lo up")
        run(host, "echo 1 > /proc/sys/net/\(forwarding)")
        let setting = "/proc/sys/net/bridge/bridge-nf-call-\(isIPv6 ? "ip6" : "ip")tables"
        run(host, "! test -e \(setting) || echo \(filtersBridged ? 1 : 0) > \(setting)")
        connect(outside, "eth0", addresses.outside(1), addresses.outside(2), length, bridge: nil)
        for network in 1...3 {
            run(outside, "ip route add \(addresses.subnet(network)) via \(addresses.outside(1))")
        }
        for (network, bridge) in ["br0", "br1", "brint"].enumerated() {
            let address = addresses.container(network + 1, 1)
            run(host, "ip link add \(bridge) type bridge && ip link set \(bridge) up")
            run(host, "ip address add \(address)/\(length) dev \(bridge) \(isIPv6 ? "nodad" : "")")
        }
        for place in places {
            let name = "\(place.bridge)-\(place.number)"
            let address = addresses.container(place.network, place.number)
            let gateway = addresses.container(place.network, 1)
            connect(place.0, name, gateway, address, length, bridge: place.bridge)
            place.0.serve(addresses.any, 80)
        }
        outside.serve(addresses.any, 80)
        outside.serve(addresses.any, 81)
    }

    /// A pair of devices from the host to another, whose way to everywhere is the host.
    private func connect(
        _ agent: NetworkAgent, _ name: String, _ gateway: String, _ address: String, _ length: Int, bridge: String?
    ) {
        let nodad = addresses.isIPv6 ? "nodad" : ""
        run(host, "ip link add \(name) type veth peer name eth0 netns \(agent.pid)")
        if let bridge {
            // A container may call itself through the host: the packet goes back where it came from.
            run(host, "ip link set \(name) master \(bridge) up")
            run(host, "ip link set \(name) type bridge_slave hairpin on")
        } else {
            run(host, "ip address add \(gateway)/\(length) dev \(name) \(nodad) && ip link set \(name) up")
        }
        run(agent, "ip link set lo up && ip link set eth0 up && ip address add \(address)/\(length) dev eth0 \(nodad)")
        if bridge != nil { run(agent, "ip route add default via \(gateway)") }
    }

    func ask(_ agent: NetworkAgent, _ words: String) -> String { agent.ask(words) }

    func run(_ agent: NetworkAgent, _ script: String) {
        let answer = agent.ask("run \(script)")
        precondition(answer == "ok", "\(script): \(answer)")
    }
}
