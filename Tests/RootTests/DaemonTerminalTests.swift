import EngineSupport
import Glibc
import TestSupport
import Testing

@Suite("Terminals of the daemon", .needsHost, .engine)
struct DaemonTerminalTests: EngineSuite {
    /// What a WebSocket takes, in a few lines: `ws(path)` connects, `frame` makes a message, `until` reads up to a text.
    private static let client = """
        import socket, struct, sys
        port = int(sys.argv[1])
        def ws(path, method="GET"):
            s = socket.create_connection(("127.0.0.1", port)); s.settimeout(60)
            lines = [f"{method} {path} HTTP/1.1", f"Host: localhost:{port}", "Upgrade: websocket", "Connection: Upgrade",
                "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
                "Sec-WebSocket-Protocol: cfs.terminal.v1", "", ""]
            s.sendall("\\r\\n".join(lines).encode())
            return s
        def frame(opcode, payload=b""):
            return bytes([0x80 | opcode, 0x80 | len(payload), 0, 0, 0, 0]) + payload
        def until(s, text):
            data = b""
            while text not in data:
                piece = s.recv(65536)
                if not piece: break
                data += piece
            return data

        """

    private func talk(_ daemon: DaemonFixture, _ script: String) -> CommandResult {
        RunningCommand(
            ["/usr/bin/python3", "-c", Self.client + script, "\(daemon.port)"],
            environment: ["PATH": EngineFixture.path]
        ).finish()
    }

    private func withDaemon(_ body: (DaemonFixture, _ id: String) throws -> Void) throws {
        let daemon = try DaemonFixture(engine)
        let id = try daemon.run(#""command":"sleep 1000""#)
        defer { _ = daemon.request("DELETE", "/containers/\(id)?force=true") }
        try body(daemon, id)
    }

    @Test("a thousand pings at once hold nothing up")
    func pings() throws {
        try withDaemon { daemon, id in
            let result = talk(
                daemon,
                """
                s = ws("/containers/\(id)/exec?command=cat")
                until(s, b'"started"')
                s.sendall(frame(9, b"x") * 1000 + frame(2, b"hello\\n"))
                print(b"hello" in until(s, b"hello"))
                """)
            #expect(result.text == "True", "\(result.errors)")
        }
    }

    @Test("an input that is closed is at its end for the command")
    func closedInput() throws {
        try withDaemon { daemon, id in
            let result = talk(
                daemon,
                """
                s = ws("/containers/\(id)/exec?command=sh+-c+'cat;echo+over'")
                until(s, b'"started"')
                s.sendall(frame(2, b"text\\n") + frame(1, b'{"closeInput":true}'))
                print(b"over" in until(s, b"over"))
                """)
            #expect(result.text == "True", "\(result.errors)")
        }
    }

    @Test(
        "a message that is not understood closes the connection with 1008 and a reason",
        arguments: ["no json", #"{"signal":"NONE"}"#])
    func notUnderstood(message: String) throws {
        try withDaemon { daemon, id in
            let result = talk(
                daemon,
                """
                s = ws("/containers/\(id)/exec?command=cat")
                until(s, b'"started"')
                s.sendall(frame(1, b'\(message)'))
                data = until(s, bytes([0x03, 0xf0]))
                end = data[data.rindex(bytes([0x03, 0xf0])) - 2:]
                while len(end) < 2 + end[1]: end += s.recv(4096)
                print(end[0] == 0x88, len(end) > 10, end[4:].decode())
                """)
            #expect(result.text.hasPrefix("True True "), "\(result.output) \(result.errors)")
        }
    }

    @Test("a command hears that its terminal is gone, also when the connection is reset")
    func hangUp() throws {
        try withDaemon { daemon, id in
            let command = "trap 'echo gone > /tmp/gone; exit' HUP; echo ready; while :; do sleep 0.1; done"
            let result = talk(
                daemon,
                """
                from urllib.parse import quote
                s = ws("/containers/\(id)/exec?command=" + quote('''sh -c "\(command)"'''))
                print(b"ready" in until(s, b"ready"))
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                s.close()
                """)
            #expect(result.text == "True", "\(result.errors)")
            #expect(eventually { engine.run("exec", id, "cat", "/tmp/gone").text == "gone" })
        }
    }

    @Test("HEAD starts nothing")
    func head() throws {
        try withDaemon { daemon, id in
            let result = talk(
                daemon,
                """
                s = ws("/containers/\(id)/exec?command=touch+/tmp/head", "HEAD")
                print(until(s, b"\\r\\n\\r\\n").split(b" ")[1].decode())
                """)
            #expect(result.text == "400", "\(result.output) \(result.errors)")
            #expect(engine.run("exec", id, "ls", "/tmp").text.isEmpty)
        }
    }
}
