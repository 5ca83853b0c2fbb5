import EngineSupport
import Glibc
import TestSupport
import Testing

@Suite("Who may call the daemon", .needsHost, .engine)
struct DaemonAccessTests: EngineSuite {
    private static let attack = #"{"state":"run","image":"BusyBox","command":"true","name":"intruder"}"#

    /// Nothing of what is sent here may ever have been carried out.
    private func expectNoIntruder(_ daemon: DaemonFixture, location: SourceLocation = #_sourceLocation) {
        let history = daemon.get("/history")
        #expect(history.status == 200, sourceLocation: location)
        #expect(!history.json.array.contains { $0["name"].text == "intruder" }, sourceLocation: location)
    }

    private func post(_ body: String, _ headers: [String], port: Int) -> String {
        (["POST /run HTTP/1.1", "Content-Length: \(body.utf8.count)"] + headers).joined(separator: "\r\n") + "\r\n\r\n"
            + body
    }

    @Test("another user of this machine is refused, whatever he asks for")
    func otherUser() throws {
        let daemon = try DaemonFixture(engine)
        for answer in [
            daemon.request("GET", "/", user: 12_345), daemon.request("GET", "/containers", user: 12_345),
            daemon.request("POST", "/run", Self.attack, user: 12_345),
        ] {
            #expect(answer.status == 403 && answer.json["code"].text == "notPermitted", "\(answer.text)")
        }
        expectNoIntruder(daemon)
    }

    @Test("who closes the connection before he is asked about is nobody, and not root: 300 times")
    func closedPeer() throws {
        let daemon = try DaemonFixture(engine)
        let request =
            "POST /run HTTP/1.1\\r\\nHost: localhost:\(daemon.port)\\r\\nContent-Length: \(Self.attack.utf8.count)\\r\\n\\r\\n"
        let body = Self.attack.split(separator: "\"").joined(separator: "\\\"")
        let script = """
            for i in $(seq 300); do
                exec 3<>/dev/tcp/127.0.0.1/\(daemon.port)
                printf "\(request)\(body)" >&3
                exec 3>&-
            done
            """
        let result = RunningCommand(
            ["/usr/bin/setpriv", "--reuid", "12345", "--regid", "12345", "--clear-groups", "/bin/bash", "-c", script],
            environment: ["PATH": EngineFixture.path]
        ).finish()
        #expect(result.status == 0, "\(result.errors)")
        // The answer to this comes after all of those were looked at.
        expectNoIntruder(daemon)
    }

    @Test("a container with the host's network and the host's root is refused, by whatever name")
    func container() throws {
        let daemon = try DaemonFixture(engine)
        for host in ["127.0.0.1", "localhost"] {
            let result = engine.run([
                "run", "--rm", "--network", "host", "--userns", "host", "BusyBox", "wget", "-q", "-O", "-",
                "http://\(host):\(daemon.port)/containers",
            ])
            #expect(result.status != 0)
            #expect(result.errors.contains("403"), "\(result.errors) \(result.output)")
        }
    }

    @Test("a container that was given the Unix socket is refused, the host's root or not")
    func containerWithSocket() throws {
        let daemon = try DaemonFixture(engine)
        let libraries = ["/usr", "/usr/lib:/lib", "/usr/lib64:/lib64"].flatMap {
            ["-v", $0.contains(":") ? "\($0):ro" : "\($0):\($0):ro"]
        }
        let result = engine.run(
            ["run", "--rm", "--userns", "host", "-v", "\(daemon.socket):/cfsd.sock"] + libraries
                + ["BusyBox", "/usr/bin/curl", "-s", "--unix-socket", "/cfsd.sock", "http://x/containers"])
        #expect(result.output.contains("notPermitted"), "\(result.errors) \(result.output)")
        #expect(
            result.output.contains("a process in a container may not call") && !result.output.contains("become root"),
            "\(result.output)")
    }

    @Test("a byte of zero ends no path early")
    func zeroByte() throws {
        let daemon = try DaemonFixture(engine)
        #expect(daemon.get("/images/BusyBox%00x").status == 400)
        #expect(daemon.get("/containers/x/archive?path=/etc%00x").status == 400)
        let command = daemon.request("POST", "/run", #"{"state":"run","image":"BusyBox","command":["a\u0000b"]}"#)
        #expect(command.status == 400, "\(command.text)")
    }

    @Test("on the Unix socket the same rule holds, and the file is for its group alone")
    func unixSocket() throws {
        let daemon = try DaemonFixture(engine)
        var status = stat()
        #expect(stat(daemon.socket, &status) == 0 && status.st_mode & 0o777 == 0o660)
        #expect(daemon.curl(["--unix-socket", daemon.socket, "http://anything/version"]).status == 200)
        chmod(daemon.socket, 0o666)
        chmod(engine.folder.path, 0o755)
        let answer = daemon.curl(["--unix-socket", daemon.socket, "http://anything/version"], user: 12_345)
        #expect(answer.status == 403 || answer.status == 0, "\(answer.text)")
    }

    @Test(
        "a name that is not ours, as rebinding of names has it",
        arguments: ["evil.example", "localhost", "127.0.0.1:1"])
    func foreignHost(host: String) throws {
        let daemon = try DaemonFixture(engine)
        #expect(daemon.get("/containers", "-H", "Host: \(host)").status == 421)
    }

    @Test("no host, and two of them")
    func hostCount() throws {
        let daemon = try DaemonFixture(engine)
        let own = "Host: localhost:\(daemon.port)"
        for hosts in [[], [own, own], [own, "Host: evil.example"]] {
            let text =
                (["GET /containers HTTP/1.1", "Connection: close"] + hosts).joined(separator: "\r\n") + "\r\n\r\n"
            #expect(daemon.raw(text).status == 421, "\(hosts)")
        }
    }

    @Test(
        "a page of another site",
        arguments: [
            "Origin: http://evil.example", "Origin: null", "Referer: http://evil.example/",
            "Sec-Fetch-Site: cross-site",
        ])
    func foreignOrigin(header: String) throws {
        let daemon = try DaemonFixture(engine)
        let answer = daemon.request("POST", "/run", Self.attack, "-H", header)
        #expect(answer.status == 403 && answer.json["code"].text == "notPermitted")
        #expect(!answer.headers.lowercased().contains("access-control"))
        expectNoIntruder(daemon)
    }

    @Test("a browser needs the token of its page, which is for its user and this daemon")
    func token() throws {
        let daemon = try DaemonFixture(engine)
        let own = ["-H", "Origin: http://127.0.0.1:\(daemon.port)"]
        let bare = daemon.curl(own + ["\(daemon.url)/containers"])
        #expect(bare.status == 403 && bare.json["code"].text == "tokenRequired")
        let page = daemon.get("/", "-H", "Accept: text/html")
        #expect(page.headers.contains("text/html") && page.headers.contains("default-src 'none'"))
        let mark = "name=\"cfs-token\" content=\""
        let start = try #require(page.text.firstRange(of: mark)).upperBound
        let token = page.text[start...].prefix { $0 != "\"" }
        #expect(daemon.curl(own + ["-H", "X-CFS-Token: \(token)", "\(daemon.url)/containers"]).status == 200)
        #expect(daemon.curl(own + ["-H", "X-CFS-Token: \(token)x", "\(daemon.url)/containers"]).status == 403)
        let other = daemon.get("/", "-H", "Accept: text/html").text
        #expect(!other.contains(token), "each load has a token of its own")
    }

    @Test("a body that is too large is not read")
    func tooLarge() throws {
        let daemon = try DaemonFixture(engine)
        let answer = daemon.raw(
            "POST /run HTTP/1.1\r\nHost: localhost:\(daemon.port)\r\nContent-Length: 99999999\r\n\r\n{")
        #expect(answer.status == 413 && answer.json["code"].text == "bodyTooLarge")
        let chunk = String(repeating: "x", count: 65_536)
        let chunks = String(repeating: "10000\r\n\(chunk)\r\n", count: 20)
        let second = daemon.raw(
            "POST /run HTTP/1.1\r\nHost: localhost:\(daemon.port)\r\nTransfer-Encoding: chunked\r\n\r\n\(chunks)0\r\n\r\n"
        )
        #expect(second.status == 413, "\(second.headers)")
    }

    @Test("a body whose end can be read in two ways")
    func smuggling() throws {
        let daemon = try DaemonFixture(engine)
        let inner = post(Self.attack, ["Host: localhost:\(daemon.port)"], port: daemon.port)
        for headers in [
            ["Content-Length: 4", "Transfer-Encoding: chunked"],
            ["Transfer-Encoding: chunked", "Transfer-Encoding: identity"],
            ["Transfer-Encoding: xchunked"], ["Content-Length: 4", "Content-Length: 40"], ["Content-Length: +4"],
            ["Transfer-Encoding : chunked"], ["Transfer-Encoding:\u{b}chunked"],
        ] {
            let text =
                (["POST /run HTTP/1.1", "Host: localhost:\(daemon.port)"] + headers).joined(separator: "\r\n")
                + "\r\n\r\n0\r\n\r\n" + inner
            let bytes = String(decoding: daemon.exchange([Array(text.utf8)]), as: UTF8.self)
            #expect(bytes.hasPrefix("HTTP/1.1 400"), "\(headers): \(bytes.prefix(100))")
            #expect(bytes.components("HTTP/1.1 ") == 1, "\(headers): more than one answer")
        }
        expectNoIntruder(daemon)
    }

    @Test("headers that do not come to an end are given up on")
    func slowHeaders() throws {
        let daemon = try DaemonFixture(engine)
        let answer = daemon.raw("GET /containers HTTP/1.1\r\nHost: localhost:\(daemon.port)\r\nX: ")
        #expect(answer.status == 408 && answer.json["code"].text == "requestTimeout", "\(answer.headers)")
    }

    @Test("headers without measure")
    func longHeaders() throws {
        let daemon = try DaemonFixture(engine)
        let long =
            "GET / HTTP/1.1\r\nHost: localhost:\(daemon.port)\r\nX: \(String(repeating: "x", count: 70_000))\r\n\r\n"
        #expect(daemon.raw(long).status == 431)
    }

    @Test("a request may be cut at every byte")
    func split() throws {
        let daemon = try DaemonFixture(engine)
        let body = #"{"state":"stop","id":"none"}"#
        let text = post(body, ["Host: localhost:\(daemon.port)", "Connection: close"], port: daemon.port)
        let bytes = Array(text.utf8)
        for cut in 1..<bytes.count {
            let answer = daemon.exchange([Array(bytes[..<cut]), Array(bytes[cut...])])
            #expect(String(decoding: answer, as: UTF8.self).hasPrefix("HTTP/1.1 404"), "cut at \(cut)")
        }
        #expect(
            String(decoding: daemon.exchange(bytes.map { [$0] }), as: UTF8.self).hasPrefix("HTTP/1.1 404"),
            "byte by byte")
    }

    @Test("a request that ends early at any byte is no request, and leaves the daemon as it was")
    func truncated() throws {
        let daemon = try DaemonFixture(engine)
        let bytes = Array(post(Self.attack, ["Host: localhost:\(daemon.port)"], port: daemon.port).utf8)
        for length in stride(from: 0, to: bytes.count, by: 3) {
            let connection = daemon.connect()
            _ = bytes.withUnsafeBytes { send(connection, $0.baseAddress, length, Int32(MSG_NOSIGNAL)) }
            close(connection)
        }
        expectNoIntruder(daemon)
        #expect(daemon.get("/healthz").status == 200)
    }
}

extension String {
    /// How often a text stands in it.
    fileprivate func components(_ text: String) -> Int { ranges(of: text).count }
}
