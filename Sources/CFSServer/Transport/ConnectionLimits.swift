import NIOCore

/// What one connection may take, and for how long.
struct ConnectionLimits: Sendable {
    /// From the first byte of a request to the end of its headers.
    var headTime = TimeAmount.seconds(10)
    /// Without one byte of a body that is waited for.
    var bodyTime = TimeAmount.seconds(30)
    /// Between two requests.
    var idleTime = Duration.seconds(600)
    /// With something to send that the other side does not take.
    var writeTime = TimeAmount.minutes(10)
    /// Of a refused connection, or one that is closed behind its answer, until its other end has read that.
    var lingerTime = TimeAmount.seconds(1)
    /// Bytes of all headers together, and of one of them.
    var headBytes = 32 << 10
    var headCount = 100
    /// Bytes of a body that is JSON.
    static let jsonBytes = 1 << 20
    /// Connections at once; further ones hear that there are too many.
    var connections = 16_384
}
