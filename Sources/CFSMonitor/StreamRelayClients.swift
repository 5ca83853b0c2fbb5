import CFSLinux
import CFSModel

/// What clients ask of the streams, and of the protocol itself.
extension StreamRelay {
    /// Answers a message that is not about the process.
    ///
    /// - Parameter pid: the container's first process.
    func answer(
        _ message: MonitorMessage, from client: UInt64, _ clients: ClientConnections, _ poll: borrowing EventPoll,
        pid: Int32
    ) {
        switch message {
        case .hello:
            clients.send(.version(MonitorProtocol.version, features: MonitorProtocol.features), to: client)
        case .attach(let request):
            do throws(CFSError) {
                clients.send(
                    .attached(try attach(request, client, clients.takeHandedOver(), poll, pid: pid)), to: client)
            } catch {
                clients.send(.refused(error.message), to: client)
            }
        case .unknown(let name): clients.send(.refused("\"\(name.prefix(100))\" is not understood"), to: client)
        default: clients.send(.refused("that is nothing for a client to say"), to: client)
        }
    }

    private func attach(
        _ request: AttachRequest, _ client: UInt64, _ files: [SharedFD], _ poll: borrowing EventPoll, pid: Int32
    ) throws(CFSError) -> AttachAnswer {
        guard !attachments.contains(client) else {
            throw CFSError(.conflict, .running, "this client has joined the streams already")
        }
        guard files.count == (request.input ? 3 : 2) else {
            // The kernel leaves out what this process has no room for (recvmsg(2), MSG_CTRUNC).
            throw CFSError(
                .invalidArgument, .running, "\(files.count) descriptors came: the streams of a client are missing")
        }
        guard ClientListener.hasRoom(beside: files) else {
            throw CFSError(.limitExceeded, .running, "the monitor has no descriptors left for one more client")
        }
        let sink = request.input ? inputEnd : nil
        let joined = try AttachedClient(
            client, files, firstToken: Attachments.firstToken(client), sink: sink)
        // All output of a terminal is one stream.
        if hasTerminal { joined.output(.stderr).close(poll) }
        attachments.add(joined, poll)
        return AttachAnswer(pid: pid, terminal: hasTerminal, input: inputEnd != nil)
    }

    /// A client has gone.
    func forget(_ client: UInt64, _ poll: borrowing EventPoll) throws(CFSError) {
        attachments.remove(client, poll)
        if let size = sizes.leave(client) { try resize(size) }
    }

    /// Gives the terminal the size that a client says, unless a newer client has said one.
    func resize(_ size: WindowSize, by client: UInt64) throws(CFSError) {
        if let size = sizes.say(size, client) { try resize(size) }
    }
}
