import CFSLinux
import CFSModel
import Glibc
import TestSupport
import Testing

@testable import CFSMonitor

@Suite("The streams of a process")
struct StandardStreamsTests {
    private func read(_ fd: Int32?) -> Int {
        var buffer = [UInt8](repeating: 0, count: 16)
        return buffer.withUnsafeMutableBytes { File.read(fd ?? -1, into: $0) }
    }

    private func write(_ fd: Int32?, _ text: String) {
        let count = Array(text.utf8).withUnsafeBytes { File.write(fd ?? -1, $0) }
        #expect(count == text.utf8.count)
    }

    @Test("without a client its input is empty, and its two outputs stay apart")
    func plain() throws {
        let streams = try StandardStreams(interactive: false)
        let ours = streams.take()
        #expect(streams.inner.count == 3)
        #expect(ours.input == nil)
        #expect(read(streams.inner[0].raw) == 0)
        write(streams.inner[1].raw, "out")
        write(streams.inner[2].raw, "error")
        #expect(read(ours.output?.raw) == 3)
        #expect(read(ours.error?.raw) == 5)
        // Nothing there: the monitor must not wait.
        #expect(read(ours.output?.raw) == -ErrorCode.again)
        streams.closeInner()
        #expect(read(ours.output?.raw) == 0)
        #expect(read(ours.error?.raw) == 0)
    }

    @Test("a client's input reaches the process, and ends when it is closed")
    func interactive() throws {
        let streams = try StandardStreams(interactive: true)
        do {
            let ours = streams.take()
            write(ours.input?.raw, "hello")
            #expect(read(streams.inner[0].raw) == 5)
        }
        #expect(read(streams.inner[0].raw) == 0)
    }

    @Test("all ends are close-on-exec: another child must not hold them open")
    func closeOnExec() throws {
        let streams = try StandardStreams(interactive: true)
        let ours = streams.take()
        let ends = streams.inner + [ours.input, ours.output, ours.error].compactMap { $0 }
        #expect(ends.count == 6)
        for end in ends { #expect(fcntl(end.raw, F_GETFD) & FD_CLOEXEC != 0) }
    }
}
