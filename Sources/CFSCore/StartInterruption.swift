import CFSModel
import Glibc

/// How a caller ends a start that hangs, in a file system that does not answer for example, or a copy that takes too long: by
/// an event, such as a signal that signalfd(2) has taken.
public struct StartInterruption {
    /// Readable when there is something to look at.
    public var descriptor: Int32
    /// Called when it is; takes the event away, and ends the start with what it throws: an error with the code
    /// `interrupted`.
    public var check: () throws(CFSError) -> Void

    public init(descriptor: Int32, check: @escaping () throws(CFSError) -> Void) {
        self.descriptor = descriptor
        self.check = check
    }

    /// Waits until another descriptor is readable.
    func wait(for other: Int32) throws(CFSError) {
        while try !wait(other, milliseconds: -1) {}
    }

    /// Waits a moment, for what sends no event.
    func waitAMoment() throws(CFSError) { _ = try wait(-1, milliseconds: 50) }

    /// Looks whether there is an event, without waiting.
    func look() throws(CFSError) { _ = try wait(-1, milliseconds: 0) }

    private func wait(_ other: Int32, milliseconds: Int32) throws(CFSError) -> Bool {
        // A negative descriptor is passed over (poll(2)).
        var polls = (
            pollfd(fd: other, events: Int16(POLLIN), revents: 0),
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        )
        let found = withUnsafeMutableBytes(of: &polls) {
            poll($0.bindMemory(to: pollfd.self).baseAddress, 2, milliseconds)
        }
        guard found > 0 else { return false }
        // What has come about counts more than the wish that it should not.
        if polls.0.revents != 0 { return true }
        try check()
        return false
    }
}
