import CFSCore
import CFSOptions
import CFSServer
import Testing

@testable import cfsd

@Suite("What the daemon is told")
struct SettingsTests {
    private func settings(
        _ arguments: [String] = [], _ variables: [String: String] = [:], file: String? = nil
    ) throws -> Settings {
        let flags = try CanonicalArguments(
            arguments[...], DaemonOption.optionNames, optionsEndAtFirstWord: false, verb: "server")
        return try Settings(flags, variable: { variables[$0] }) { _ throws(CFSError) in file.map { Array($0.utf8) } }
    }

    private func message(
        _ arguments: [String] = [], _ variables: [String: String] = [:], file: String? = nil
    ) -> String? {
        do {
            _ = try settings(arguments, variables, file: file)
            return nil
        } catch {
            return (error as? CFSError)?.message
        }
    }

    @Test("by itself it listens on the port of old and on a socket, on this machine only")
    func defaults() throws {
        let settings = try settings()
        #expect(settings.listen == [.tcp(host: "127.0.0.1", port: 1337)])
        #expect(settings.socket == "\(settings.engine.run)/cfsd.sock")
    }

    @Test("a flag counts more than a variable, and a variable more than the file")
    func order() throws {
        let file = "log-level = \"error\"\nroot = \"/file\"\nrun = \"/file\"\nlisten = [\"127.0.0.1:1\"]"
        let settings = try settings(
            ["--root=/flag"], ["CFSD_ROOT": "/variable", "CFSD_RUN": "/variable", "CFSD_LISTEN": "2,[::1]:3"],
            file: file)
        #expect(settings.engine.root == "/flag")
        #expect(settings.engine.run == "/variable")
        #expect(settings.listen == [.tcp(host: "127.0.0.1", port: 2), .tcp(host: "::1", port: 3)])
        #expect(settings.logLevel == .error)
    }

    @Test("every option is a flag, a variable and a key", arguments: DaemonOption.all.map(\.name))
    func everywhere(name: String) throws {
        let option = try #require(DaemonOption.all.first { $0.name == name })
        let samples = [
            "listen": "127.0.0.1:7", "socket": "/s", "root": "/r", "run": "/u", "host": "h", "log-level": "error",
        ]
        let pki = ["tls-certificate", "tls-key", "tls-client-ca"]
        let names = pki.contains(name) ? pki : [name]
        let before = try settings()
        let value = samples[name] ?? "/f"
        let isFlag = option.kind == .flag
        let flags = try settings(names.map { isFlag ? "--\($0)" : "--\($0)=\(value)" })
        let variables = try settings(
            [],
            Dictionary(
                uniqueKeysWithValues: DaemonOption.all.filter { names.contains($0.name) }.map {
                    ($0.variables[0], isFlag ? "true" : value)
                }))
        let file = try settings(
            file: names.map { "\($0) = \(isFlag ? "true" : "\"\(value)\"")" }.joined(separator: "\n"))
        #expect(flags != before && variables == flags && file == flags)
        #expect(Help.text.contains("--\(name)"))
    }

    @Test("beyond loopback it refuses to start without certificates of both sides")
    func network() throws {
        for address in ["0.0.0.0:1337", "192.0.2.1:1337", "[::]:1337"] {
            #expect(
                message(["--listen=\(address)"])?.contains("needs certificates of both sides") == true, "\(address)")
        }
        #expect(
            message(["--listen=0.0.0.0:1", "--tls-certificate=/a", "--tls-key=/b"])
                == "tls-certificate, tls-key and tls-client-ca belong together")
        #expect(message(["--listen=127.0.0.2:1", "--listen=[::1]:1"]) == nil)
        let settings = try settings([
            "--listen=0.0.0.0:1", "--tls-certificate=/a", "--tls-key=/b", "--tls-client-ca=/c",
        ])
        guard case .certificates? = try settings.places(inherited: []).first else {
            Issue.record("it would listen in the clear")
            return
        }
    }

    @Test(
        "what is wrong is told",
        arguments: [
            ("lisen = \"1\"", "/etc/cfs/cfsd.toml: unknown option lisen"),
            ("listen = true", "/etc/cfs/cfsd.toml: listen does not take this value"),
            ("listen = \"example.org:1\"", "listen does not take \"example.org:1\""),
            ("listen = \"70000\"", "listen does not take \"70000\""),
            ("log-level = \"loud\"", "log-level does not know \"loud\""),
            ("listen = []\nsocket = \"\"", "nothing to listen on"),
        ])
    func wrong(file: String, expected: String) { #expect(message(file: file) == expected) }

    @Test("a file that was named must be there")
    func missing() { #expect(message(["--config=/none"]) == "there is no file /none") }
}
