import Glibc

/// A pseudo terminal whose outer side is the test: what a person types and sees.
public final class Terminal: @unchecked Sendable {
    private let outer: Int32
    /// What programs use; also handed to the command.
    public let inner: Int32
    private var seen: [UInt8] = []

    public init(rows: UInt16 = 24, columns: UInt16 = 80) {
        var (outer, inner): (Int32, Int32) = (-1, -1)
        var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        let opened = openpty(&outer, &inner, nil, nil, &size)
        precondition(opened == 0, "openpty: \(String(cString: strerror(errno)))")
        for end in [outer, inner] { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        // Not waiting without end for a program that has died and reads no more.
        _ = fcntl(outer, F_SETFL, fcntl(outer, F_GETFL) | O_NONBLOCK)
        (self.outer, self.inner) = (outer, inner)
    }

    deinit {
        close(outer)
        close(inner)
    }

    /// Types; waits for a reader where that is more than the terminal holds.
    ///
    /// - Returns: whether all was taken before the deadline.
    @discardableResult
    public func type(_ text: String, seconds: Double = 60) -> Bool {
        var rest = Array(text.utf8)[...]
        let end = monotonicSeconds() + seconds
        while !rest.isEmpty, monotonicSeconds() < end {
            let count = rest.withUnsafeBytes { write(outer, $0.baseAddress, $0.count) }
            if count > 0 { rest = rest.dropFirst(count) }
            guard count < 0 else { continue }
            var polled = pollfd(fd: outer, events: Int16(POLLOUT), revents: 0)
            poll(&polled, 1, 50)
        }
        return rest.isEmpty
    }

    public func resize(rows: UInt16, columns: UInt16) {
        var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        _ = withUnsafeMutablePointer(to: &size) { ioctl(outer, UInt(TIOCSWINSZ), $0) }
    }

    /// Everything that was shown so far.
    public var screen: String { String(decoding: seen, as: UTF8.self) }

    /// Waits until a text was shown.
    public func waitFor(_ text: String, seconds: Double = 60) -> Bool {
        let end = monotonicSeconds() + seconds
        while !screen.contains(text) {
            let left = end - monotonicSeconds()
            guard left > 0 else { return false }
            var polled = pollfd(fd: outer, events: Int16(POLLIN), revents: 0)
            guard poll(&polled, 1, Int32(left * 1000) + 1) > 0 else { continue }
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = read(outer, &buffer, buffer.count)
            if count < 0, errno == EAGAIN { continue }
            guard count > 0 else { return false }
            seen += buffer[..<count]
        }
        return true
    }

    /// The line settings, as text to compare: whether raw mode was undone.
    public var settings: String {
        var attributes = termios()
        tcgetattr(inner, &attributes)
        return [attributes.c_iflag, attributes.c_oflag, attributes.c_cflag, attributes.c_lflag].map {
            String($0, radix: 16)
        }
        .joined(separator: " ")
    }
}
