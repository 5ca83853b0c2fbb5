import EngineSupport
import Glibc
import TestSupport

/// Somebody who listens for filters that ask (SCMP_ACT_NOTIFY): a process of its own, for its answers are waited for. It
/// refuses to make folders called `denied`, says of those called `faked` that they were made, and lets every other call go on.
final class NotifyAgent {
    /// What it does beside answering.
    enum Way: String {
        case staying
        /// It ends as soon as it has a descriptor.
        case leaving
        /// It has the socket's path and does not listen.
        case deaf
        /// It does so after the first descriptor.
        case once
    }

    let path: String
    let process: RunningCommand

    init(_ bundle: RuntimeBundle, _ way: Way = .staying) {
        path = bundle.folder("agent.sock")
        unlink(path)
        process = RunningCommand(
            ["/usr/bin/python3", "-c", Self.program, path, way.rawValue], environment: ["PATH": EngineFixture.path])
        _ = process.waitForOutput("ready\n")
    }

    /// Whether it was told so many states by now.
    func hasStates(_ count: Int) -> Bool { process.waitForOutput("state \(count) ") }

    /// The number of descriptors that came with each state, and the states.
    var states: [(descriptors: Int, state: JSONValue)] {
        process.outputSoFar.split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ", maxSplits: 3).map(String.init)
            guard words.count == 4, words[0] == "state" else { return nil }
            return (Int(words[2]) ?? -1, (try? JSONValue(parsing: Array(words[3].utf8))) ?? .null)
        }
    }

    func end() {
        process.signal(SIGKILL)
        _ = process.finish()
    }

    /// Numbers of linux/seccomp.h, for x86-64 and arm64 alike.
    private static let program = """
        import fcntl, os, select, signal, socket, struct, sys
        path, way = sys.argv[1:]
        RECV, SEND, CONTINUE = 0xc0502100, 0xc0182101, 1
        # Where the path of a new folder is among the arguments, by the number of the call.
        folders = {83: 0, 258: 1} if os.uname().machine == "x86_64" else {34: 1}
        def listen(way):
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            listener.bind(path)
            if way != "deaf":
                listener.listen()
            return listener
        def text(pid, address):
            with open(f"/proc/{pid}/mem", "rb", 0) as memory:
                memory.seek(address)
                return memory.read(64).split(b"\\0")[0].decode(errors="replace")
        def answer(fd):
            notice = bytearray(80)
            try:
                fcntl.ioctl(fd, RECV, notice)
            except FileNotFoundError:
                return
            identifier, pid, _, number, _, _, *arguments = struct.unpack("=QIIiIQ6Q", notice)
            value, error, flags = 0, 0, CONTINUE
            if number in folders:
                name = text(pid, arguments[folders[number]])
                if name.endswith("denied"):
                    error, flags = -1, 0
                elif name.endswith("faked"):
                    flags = 0
            try:
                fcntl.ioctl(fd, SEND, struct.pack("=QqiI", identifier, value, error, flags))
            except FileNotFoundError:
                pass
        listener = listen(way)
        print("ready", flush=True)
        if way == "deaf":
            signal.pause()
        poll, count = select.poll(), 0
        poll.register(listener, select.POLLIN)
        while True:
            for fd, ready in poll.poll():
                if fd == listener.fileno():
                    connection, _ = listener.accept()
                    data, fds, _, _ = socket.recv_fds(connection, 1 << 16, 16)
                    while more := connection.recv(1 << 16):
                        data += more
                    connection.close()
                    count += 1
                    print("state", count, len(fds), data.decode(), flush=True)
                    if way == "leaving":
                        sys.exit()
                    poll.register(fds[0], select.POLLIN)
                    if way == "once":
                        poll.unregister(listener)
                        os.unlink(path)
                        listener = listen("deaf")
                        print("deaf", flush=True)
                elif ready & select.POLLIN:
                    answer(fd)
                else:
                    poll.unregister(fd)
                    os.close(fd)
        """
}
