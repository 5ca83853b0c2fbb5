import CFSModel
import CLinux

/// A terminal's size in character cells (tty_ioctl(4), TIOCGWINSZ).
public struct WindowSize: Sendable, Hashable {
    public var rows: UInt16
    public var columns: UInt16
    public init(rows: UInt16, columns: UInt16) {
        self.rows = rows
        self.columns = columns
    }
}

public enum Terminal {
    public static func isTerminal(_ fd: Int32) -> Bool { cfs_is_terminal(fd) != 0 }

    /// The size, or nil when this is no terminal.
    public static func size(_ fd: Int32) -> WindowSize? {
        var size = cfs_window_size()
        guard cfs_window_size_get(fd, &size) == 0 else { return nil }
        return WindowSize(rows: size.rows, columns: size.columns)
    }

    public static func setSize(_ fd: Int32, _ size: WindowSize) throws(CFSError) {
        var value = cfs_window_size(rows: size.rows, columns: size.columns, x_pixels: 0, y_pixels: 0)
        try checked(Int(cfs_window_size_set(fd, &value)), "ioctl", .running)
    }
}

/// Raw mode of a terminal (cfmakeraw(3)), undone when this value ends.
public struct RawMode: ~Copyable {
    private let fd: Int32
    private var saved: [UInt8]

    public init(_ fd: Int32) throws(CFSError) {
        self.fd = fd
        saved = [UInt8](repeating: 0, count: 128)
        let result = saved.withUnsafeMutableBytes { Int(cfs_terminal_raw(fd, $0.baseAddress, $0.count)) }
        try checked(result, "tcsetattr", .preparing)
    }

    deinit { _ = saved.withUnsafeBytes { cfs_terminal_restore(fd, $0.baseAddress) } }
}
