import Crypto
import HTTPTypes
import HummingbirdCore

/// How a request becomes a WebSocket (RFC 6455, section 4.2).
enum WebSocketHandshake {
    static let subprotocol = "cfs.terminal.v1"

    /// The headers of the answer.
    ///
    /// - Throws: `invalidRequest` for a request that is no handshake, or not for our subprotocol.
    static func accept(_ request: Request) throws(ServerError) -> HTTPFields {
        func values(_ name: String) -> [String] {
            guard let name = HTTPField.Name(name) else { return [] }
            return request.headers[values: name].flatMap { value in
                value.split(separator: ",").map { part in
                    String(part.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
                }
            }
        }
        guard request.method == .get, values("Upgrade").contains(where: { $0.lowercased() == "websocket" }),
            values("Connection").contains(where: { $0.lowercased() == "upgrade" }),
            values("Sec-WebSocket-Version") == ["13"], let key = values("Sec-WebSocket-Key").first, key.utf8.count == 24
        else {
            throw ServerError(
                .invalidRequest, "this is a terminal: it is reached as a WebSocket (RFC 6455, version 13)",
                hint: "to run a command without one: POST to the same path")
        }
        guard values("Sec-WebSocket-Protocol").contains(subprotocol) else {
            throw ServerError(.invalidRequest, "the subprotocol \(subprotocol) is missing among those that are offered")
        }
        var headers = HTTPFields()
        headers[.upgrade] = "websocket"
        headers[.connection] = "Upgrade"
        if let name = HTTPField.Name("Sec-WebSocket-Accept") { headers[name] = proof(key) }
        if let name = HTTPField.Name("Sec-WebSocket-Protocol") { headers[name] = subprotocol }
        return headers
    }

    static func proof(_ key: String) -> String {
        base64(Array(Insecure.SHA1.hash(data: Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8))))
    }

    private static func base64(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var out: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var word: UInt32 = 0
            for index in 0..<3 { word = word << 8 | UInt32(start + index < bytes.count ? bytes[start + index] : 0) }
            for index in 0..<4 {
                out.append(index <= group.count ? alphabet[Int(word >> UInt32(18 - 6 * index) & 63)] : 0x3d)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}
