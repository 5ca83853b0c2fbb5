import HTTPTypes
import NIOCore
import NIOHTTP1

/// Holds one connection to the rules of HTTP/1 that its decoder leaves open, and to its time: slow heads and bodies, bodies
/// that can be read in two ways, errors of the decoder as error documents, an end that the other side gets to read.
///
/// It stands between the decoder and the types of `HTTPTypes`, where headers are still as they came.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    private enum Reading { case nothing, head, body }

    private let limits: ConnectionLimits
    private var reading = Reading.nothing
    /// Requests that have come, and those whose answer is complete.
    private var (received, answered) = (0, 0)
    /// Whether an answer has begun and is not complete.
    private var isAnswering = false
    /// The request with whose answer the connection ends: what comes behind it is not looked at.
    private var last: Int?
    /// The request that speaks HTTP/1.0, which is the last one.
    private var old: Int?
    /// Whether nothing that comes matters any more.
    private var isDraining = false
    /// Whether bytes are carried in both directions as they are.
    private var isTunnel = false
    /// Whether the request asks for another protocol: the decoder reads nothing behind it.
    private var asksForUpgrade = false
    private var deadline: NIODeadline?
    private var timer: Scheduled<Void>?
    /// Ends a connection whose other side takes nothing.
    private var stall: Scheduled<Void>?
    private var context: ChannelHandlerContext?

    private let hangup: Hangup

    init(_ limits: ConnectionLimits, _ hangup: Hangup) {
        self.limits = limits
        self.hangup = hangup
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        stopTimers()
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        stopTimers()
        hangup.happen()
        context.fireChannelInactive()
    }

    private func stopTimers() {
        timer?.cancel()
        stall?.cancel()
        (timer, stall) = (nil, nil)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            stall?.cancel()
            stall = nil
        } else if stall == nil {
            stall = context.eventLoop.assumeIsolated().scheduleTask(in: limits.writeTime) { [weak self] in
                self?.context?.close(promise: nil)
            }
        }
        context.fireChannelWritabilityChanged()
    }

    // MARK: Time

    /// Whether the last request is here as a whole.
    private var isDeaf: Bool { reading == .nothing && received >= last ?? .max }

    /// Bytes have come, of whatever.
    func bytesArrived() {
        guard reading == .nothing, !isTunnel, !isDraining, !isDeaf, let context else { return }
        reading = .head
        expect(within: limits.headTime, context)
    }

    /// One timer for all requests of a connection: it looks again when it was early.
    private func expect(within time: TimeAmount, _ context: ChannelHandlerContext) {
        deadline = context.eventLoop.now + time
        guard timer == nil else { return }
        schedule(time, context)
    }

    private func schedule(_ time: TimeAmount, _ context: ChannelHandlerContext) {
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: time) { [weak self] in self?.look() }
    }

    private func look() {
        timer = nil
        guard let context, let deadline else { return }
        let left = deadline - context.eventLoop.now
        guard left <= .zero else { return schedule(left, context) }
        self.deadline = nil
        let what = reading == .head ? "headers" : "body"
        refuse(ServerError(.requestTimeout, "the \(what) of the request did not come in time"), context)
    }

    func read(context: ChannelHandlerContext) {
        // Only what is asked for can be late.
        if reading == .body, !isTunnel { expect(within: limits.bodyTime, context) }
        context.read()
    }

    // MARK: In

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if isTunnel { return context.fireChannelRead(data) }
        if isDraining || isDeaf { return }
        switch unwrapInboundIn(data) {
        case .head(let head): take(head, context)
        case .body:
            deadline = nil
            context.fireChannelRead(data)
        case .end:
            (reading, deadline) = (.nothing, nil)
            // Behind a request for another protocol its bytes follow, as a body without an end.
            if !asksForUpgrade { context.fireChannelRead(wrapInboundOut(.end(nil))) }
        }
    }

    private func take(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        deadline = nil
        if let violation = RequestFraming.violation(head) { return refuse(violation, context) }
        var head = head
        received += 1
        reading = .body
        if head.version.minor == 0 { old = received }
        asksForUpgrade = head.headers.contains(name: "upgrade") || head.method == .CONNECT
        if !head.isKeepAlive || old != nil || asksForUpgrade { last = received }
        // Several are as good as none: which of them counts is what would be argued about.
        if head.headers["host"].count > 1 { head.headers.remove(name: "host") }
        if head.headers["expect"].first?.lowercased() == "100-continue", received == answered + 1 {
            let answer = HTTPResponseHead(version: .http1_1, status: .continue)
            context.writeAndFlush(wrapOutboundOut(.head(answer)), promise: nil)
        }
        context.fireChannelRead(wrapInboundOut(.head(head)))
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.fireChannelReadComplete()
        if isDraining { context.read() }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard !isTunnel, !isDraining else { return context.close(promise: nil) }
        if isDeaf, error is HTTPParserError { return }
        switch error {
        case let error as HTTPParserError:
            let isLong = error == .headerOverflow
            refuse(
                ServerError(
                    isLong ? .headersTooLarge : .invalidRequest,
                    isLong ? "the headers of the request are too long" : "the request is not understood as HTTP/1.1"),
                context)
        default: context.close(promise: nil)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event as? ChannelEvent == .inputClosed { hangup.happen() }
        if isDraining, event as? ChannelEvent == .inputClosed { return context.close(promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }

    // MARK: Out

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        if isTunnel {
            if case .end = unwrapOutboundIn(data) {
                promise?.succeed()
                return linger(context)
            }
            return context.write(data, promise: promise)
        }
        if isDraining { return promise?.fail(ChannelError.ioOnClosedChannel) ?? () }
        switch unwrapOutboundIn(data) {
        case .head(let head) where head.status == .switchingProtocols:
            context.writeAndFlush(data, promise: promise)
            becomeTunnel(context)
        case .head(var head) where head.status.code >= 200:
            isAnswering = true
            if head.headers["connection"].first == "close" { last = answered + 1 }
            if last == answered + 1 { head.headers.replaceOrAdd(name: "connection", value: "close") }
            // Who speaks 1.0 knows no chunks: the end of the connection is that of the body.
            if old == answered + 1 { head.version = .http1_0 }
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .end:
            answered += 1
            isAnswering = false
            context.write(data, promise: promise)
            if last == answered {
                context.flush()
                linger(context)
            }
        default: context.write(data, promise: promise)
        }
    }

    private func becomeTunnel(_ context: ChannelHandlerContext) {
        isTunnel = true
        let pipeline = context.pipeline.syncOperations
        do {
            let encoder = try pipeline.handler(type: HTTPResponseEncoder.self)
            let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
            // Behind the decoder, so that it gets what that still holds.
            try pipeline.addHandler(Tunnel(), position: .after(decoder))
            pipeline.removeHandler(encoder, promise: nil)
            pipeline.removeHandler(decoder, promise: nil)
        } catch {
            context.close(promise: nil)
        }
    }

    /// Answers with an error, and ends the connection with that. Answers that are under way are not cut in two: they are the
    /// last ones.
    private func refuse(_ error: ServerError, _ context: ChannelHandlerContext) {
        let isInBody = reading == .body
        reading = .nothing
        switch received - answered {
        case 0: break
        // Whoever answers this request waits for a body that will never be whole: this is the answer.
        case 1 where isInBody && !isAnswering: break
        case _ where isInBody: return context.close(promise: nil)
        default:
            last = received
            return
        }
        let body = context.channel.allocator.buffer(bytes: error.bytes)
        var head = HTTPResponseHead(version: .http1_1, status: HTTPResponseStatus(statusCode: error.status.code))
        head.headers.add(name: "content-type", value: "application/json")
        head.headers.add(name: "content-length", value: "\(body.readableBytes)")
        head.headers.add(name: "connection", value: "close")
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        linger(context)
    }

    /// Closes our half, and reads on for a moment: a connection that is closed with unread bytes is reset, and the other side
    /// never sees the answer.
    private func linger(_ context: ChannelHandlerContext) {
        guard !isDraining else { return }
        isDraining = true
        deadline = nil
        timer?.cancel()
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: limits.lingerTime) { [weak self] in
            self?.context?.close(promise: nil)
        }
        context.close(mode: .output, promise: nil)
        context.read()
    }
}
