import NIOCore
import NIOEmbedded
import NIOHTTP1
import Testing

@testable import CFSServer

@Suite("The rules of one connection")
struct ConnectionGuardTests {
    private func channel() throws -> EmbeddedChannel {
        let channel = EmbeddedChannel()
        let connection = ConnectionGuard(ConnectionLimits(), Hangup())
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandlers([
            ArrivalWatch(connection), HTTPResponseEncoder(),
            ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes)), connection,
        ])
        channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1), promise: nil)
        return channel
    }

    private func send(_ text: String, _ channel: EmbeddedChannel) throws {
        try channel.writeInbound(ByteBuffer(string: text))
    }

    /// The paths of the requests that came through.
    private func requests(_ channel: EmbeddedChannel) throws -> [String] {
        var paths: [String] = []
        while let part = try channel.readInbound(as: HTTPServerRequestPart.self) {
            if case .head(let head) = part { paths.append(head.uri) }
        }
        return paths
    }

    private func begin(_ channel: EmbeddedChannel) {
        let head = HTTPResponseHead(version: .http1_1, status: .ok, headers: ["content-length": "2"])
        channel.write(HTTPServerResponsePart.head(head), promise: nil)
    }

    private func end(_ channel: EmbeddedChannel) {
        channel.write(HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(string: "ok"))), promise: nil)
        channel.writeAndFlush(HTTPServerResponsePart.end(nil), promise: nil)
    }

    private func sent(_ channel: EmbeddedChannel) throws -> String {
        var text = ""
        while let buffer = try channel.readOutbound(as: ByteBuffer.self) { text += String(buffer: buffer) }
        return text
    }

    @Test("of requests sent in one go, each is answered; the connection ends with the one that wants it so")
    func pipelined() throws {
        let channel = try channel()
        try send("GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", channel)
        #expect(try requests(channel) == ["/1", "/2"])
        begin(channel)
        end(channel)
        let first = try sent(channel)
        #expect(first.hasPrefix("HTTP/1.1 200") && !first.contains("close"), "\(first)")
        begin(channel)
        end(channel)
        let second = try sent(channel)
        #expect(second.hasPrefix("HTTP/1.1 200") && second.contains("connection: close"), "\(second)")
    }

    @Test("what follows the last request is nobody's")
    func behindTheLast() throws {
        let channel = try channel()
        try send("GET /1 HTTP/1.0\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n", channel)
        #expect(try requests(channel) == ["/1"])
        begin(channel)
        end(channel)
        #expect(try sent(channel).hasPrefix("HTTP/1.0 200"))
    }

    @Test("nonsense behind a request does not cut its answer in two")
    func nonsense() throws {
        let channel = try channel()
        try send("GET /1 HTTP/1.1\r\nHost: x\r\n\r\n", channel)
        begin(channel)
        try send("\u{1}\u{2}nonsense\r\n\r\n", channel)
        end(channel)
        let text = try sent(channel)
        #expect(text.hasSuffix("\r\n\r\nok"), "\(text)")
    }

    @Test("a body that does not come is told with 408, once")
    func slowBody() throws {
        let channel = try channel()
        try send("POST /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf", channel)
        channel.read()
        channel.embeddedEventLoop.advanceTime(by: .seconds(31))
        let text = try sent(channel)
        #expect(text.hasPrefix("HTTP/1.1 408") && text.contains("requestTimeout"), "\(text)")
        begin(channel)
        end(channel)
        #expect(try sent(channel).isEmpty)
    }
}
