import EngineSupport
import Glibc
import TestSupport
import Testing

@Suite("The daemon on a port that other machines reach", .needsHost, .engine)
struct CertificateTests: EngineSuite {
    /// Two authorities, a daemon's certificate and one for a caller of each.
    private func makeCertificates() throws {
        let made = engine.host(
            """
            set -e
            authority() { openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj "/CN=$1" -keyout $1.key -out $1.pem; }
            certificate() {
                openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$2" -keyout $2.key -out $2.csr
                openssl x509 -req -in $2.csr -CA $1.pem -CAkey $1.key -CAcreateserial -days 2 -out $2.pem -extfile <(echo "$3")
            }
            authority ours; authority theirs
            certificate ours daemon "subjectAltName=IP:127.0.0.1"
            certificate ours caller "extendedKeyUsage=clientAuth"
            certificate theirs foreign "extendedKeyUsage=clientAuth"
            """)
        try #require(made.status == 0, "\(made.errors)")
    }

    private var options: [String] {
        [
            "--tls-certificate", engine.folder("daemon.pem"), "--tls-key", engine.folder("daemon.key"),
            "--tls-client-ca", engine.folder("ours.pem"),
        ]
    }

    @Test("a certificate of ours lets in; none, and another authority's, end in the handshake")
    func certificates() throws {
        try makeCertificates()
        let daemon = try DaemonFixture(engine, ["--listen", "0.0.0.0:0"] + options)
        let mark = "listening on 0.0.0.0:"
        #expect(daemon.command.waitForOutput(mark))
        let line = daemon.command.outputSoFar.split(separator: "\n").first { $0.hasPrefix(mark) }
        let port = try #require(line.flatMap { Int($0.dropFirst(mark.count)) })
        func ask(_ name: String?, _ scheme: String = "https", _ options: String...) -> DaemonFixture.Answer {
            let own = name.map { ["--cert", engine.folder("\($0).pem"), "--key", engine.folder("\($0).key")] } ?? []
            return daemon.curl(
                ["--cacert", engine.folder("ours.pem")] + own + options
                    + ["\(scheme)://127.0.0.1:\(port)/containers"])
        }
        let good = ask("caller")
        #expect(good.status == 200 && good.json == .object([:]), "\(good.headers)")
        #expect(ask("caller", "https", "--tls-max", "1.2").status == 200)
        for version in ["1.2", "1.3"] {
            #expect(ask(nil, "https", "--tls-max", version).status == 0, "without one, TLS \(version)")
            #expect(ask("foreign", "https", "--tls-max", version).status == 0, "a foreign one, TLS \(version)")
        }
        #expect(ask(nil, "http").status == 0, "in the clear")
        #expect(ask("caller", "https", "-H", "Host: evil.example").status == 421)
        #expect(ask("caller", "https", "-H", "Origin: https://evil.example").status == 403)
        // Loopback beside it is as ever.
        #expect(daemon.get("/containers").status == 200)
        // A handshake that does not come to its end is given up on.
        let silent = engine.host("exec 3<>/dev/tcp/127.0.0.1/\(port); timeout 60 cat <&3")
        #expect(silent.status == 0, "\(silent.errors)")
    }

    @Test("without certificates the daemon does not start there")
    func refuses() {
        for address in ["0.0.0.0:0", "[::]:0"] {
            let command = DaemonFixture.start(engine, ["--listen", address, "--socket", ""]).finish()
            #expect(command.status == 64 && command.errors.contains("needs certificates of both sides"))
        }
    }
}
