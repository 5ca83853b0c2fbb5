import CFSCore
import HTTPTypes
import HummingbirdCore
import Logging
import NIOCore
import NIOExtras
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import NIOSSL

/// One connection, from its acceptance to its end: who is there is asked before a byte is read, and everything that comes
/// belongs to that caller.
struct RestChannel: ServerChildChannel {
    typealias Stream = NIOAsyncChannel<HTTPRequestPart, HTTPResponsePart>

    enum Value: ServerChildChannelValue {
        case admitted(Stream, Peer, Hangup)
        case refused(any Channel)

        var channel: any Channel {
            switch self {
            case .admitted(let stream, _, _): stream.channel
            case .refused(let channel): channel
            }
        }
    }

    let door: any Door
    let limits: ConnectionLimits
    let load: ConnectionLoad
    /// Nil for a connection in the clear.
    let tls: CurrentContext?
    let respond: @Sendable (Request, Peer, Hangup) async -> Response

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        let isWelcome = load.enter(limits.connections)
        channel.closeFuture.whenComplete { [load] _ in load.leave() }
        guard isWelcome else {
            return refuse(channel, ServerError(.overloaded, "there are too many connections", hint: "try again"))
        }
        return door.peer(channel).flatMap { peer in
            channel.eventLoop.makeCompletedFuture { try admit(channel, peer, logger) }
        }.flatMapError { error in
            logger.info("refused a connection", metadata: ["reason": "\(error)"])
            // Whatever went wrong: who cannot be named is not let in.
            return refuse(channel, .refusing(error))
        }
    }

    private func refuse(_ channel: any Channel, _ error: ServerError) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            try secure(channel)
            try channel.pipeline.syncOperations.addHandler(
                RefusedConnection(error, lingerTime: limits.lingerTime))
            return .refused(channel)
        }
    }

    private func secure(_ channel: any Channel) throws {
        guard let tls else { return }
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(NIOSSLServerHandler(context: tls.context))
        try pipeline.addHandler(HandshakeLimit(limits.headTime))
    }

    private func admit(_ channel: any Channel, _ peer: Peer, _ logger: Logger) throws -> Value {
        let pipeline = channel.pipeline.syncOperations
        try secure(channel)
        let hangup = Hangup()
        let connection = ConnectionGuard(limits, hangup)
        var decoding = NIOHTTPDecoderLimitConfiguration()
        decoding.maxHeaderFieldSize = limits.headBytes
        decoding.maxHeaderListSize = limits.headBytes
        decoding.maxHeaderFieldCount = limits.headCount
        try pipeline.addHandler(ArrivalWatch(connection))
        try pipeline.addHandler(HTTPResponseEncoder())
        try pipeline.addHandler(
            ByteToMessageHandler(
                HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: decoding)))
        try pipeline.addHandler(connection)
        try pipeline.addHandler(HTTP1ToHTTPServerCodec(secure: tls != nil))
        try pipeline.addHandler(HTTPConnectionStateHandler(idleTimeout: limits.idleTime, logger: logger))
        let stream = try Stream(
            wrappingChannelSynchronously: channel, configuration: .init(isOutboundHalfClosureEnabled: true))
        return .admitted(stream, peer, hangup)
    }

    func handle(value: Value, logger: Logger) async {
        switch value {
        case .refused(let channel):
            do { try await channel.closeFuture.get() } catch { logger.debug("a refused connection: \(error)") }
        case .admitted(let stream, let peer, let hangup):
            let conversation = Conversation { request in await respond(request, peer, hangup) }
            await conversation.handle(value: stream, logger: logger)
        }
    }
}

/// The requests of one connection, one after the other.
private struct Conversation: HTTPChannelHandler {
    let responder: Responder

    init(respond: @escaping @Sendable (Request) async -> Response) {
        responder = { request, writer, _ in
            let response = await respond(request)
            try await writer.write(response: response.head, body: response.body)
        }
    }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<RestChannel.Stream> {
        channel.eventLoop.makeFailedFuture(ChannelError.operationUnsupported)
    }

    func handle(value: RestChannel.Stream, logger: Logger) async {
        await handleHTTP(asyncChannel: value, logger: logger)
    }
}
