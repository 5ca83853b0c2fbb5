import CFSModel
import Glibc
import Testing

@testable import CFSRuntime

@Suite("What is said over a message bus")
struct DBusTests {
    // MARK: Writing

    @Test("a call has its header, and every value stands at its boundary")
    func call() {
        let call = DBusCall(
            destination: "org.freedesktop.DBus", path: "/org/freedesktop/DBus", interface: "org.freedesktop.DBus",
            member: "Hello")
        var wanted: [UInt8] = [0x6c, 1, 2, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0x6d, 0, 0, 0]
        wanted += [1, 1, 0x6f, 0, 21, 0, 0, 0] + Array("/org/freedesktop/DBus".utf8) + [0, 0, 0]
        wanted += [2, 1, 0x73, 0, 20, 0, 0, 0] + Array("org.freedesktop.DBus".utf8) + [0, 0, 0, 0]
        wanted += [3, 1, 0x73, 0, 5, 0, 0, 0] + Array("Hello".utf8) + [0, 0, 0]
        wanted += [6, 1, 0x73, 0, 20, 0, 0, 0] + Array("org.freedesktop.DBus".utf8) + [0, 0, 0, 0]
        #expect(call.bytes(serial: 1) == wanted)
    }

    @Test("values that say what they are, and arrays whose length leaves out the way to the first element")
    func values() {
        var writer = DBusWriter()
        writer.variant([42])
        #expect(writer.bytes == [2, 0x61, 0x75, 0, 4, 0, 0, 0, 42, 0, 0, 0])
        writer = DBusWriter()
        writer.variant(true)
        #expect(writer.bytes == [1, 0x62, 0, 0, 1, 0, 0, 0])
        writer = DBusWriter()
        writer.variant("a")
        #expect(writer.bytes == [1, 0x73, 0, 0, 1, 0, 0, 0, 0x61, 0])
        writer = DBusWriter()
        writer.number(7)
        writer.array(of: 8) { _ in }
        writer.array(of: 8) { $0.byte(1) }
        #expect(writer.bytes == [7, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1])
    }

    // MARK: Reading

    private static let answer = PlayedBus.message(.answer, answers: 3, "su") {
        $0.text("abc")
        $0.number(7)
    }

    @Test("an answer is read as it was written, and what follows it stays")
    func reading() throws {
        var bytes = Self.answer + [0x6c]
        let taken = try DBusMessage.take(from: &bytes)
        let message = try #require(taken)
        #expect(message.kind == .answer && message.replySerial == 3 && message.sender == ":1.0" && bytes == [0x6c])
        var values = try message.values("su")
        let text = try values.text()
        let number = try values.number()
        #expect(text == "abc" && number == 7 && values.isAtEnd)
        #expect(throws: CFSError.self) { try message.values("ss") }
    }

    @Test("a message in the other byte order is the same")
    func bigEndian() throws {
        var bytes: [UInt8] = [0x42, 2, 0, 1, 0, 0, 0, 4, 0, 0, 0, 9, 0, 0, 0, 15]
        bytes += [5, 1, 0x75, 0, 0, 0, 0, 3, 8, 1, 0x67, 0, 1, 0x75, 0, 0]
        bytes += [0, 0, 0, 7]
        let taken = try DBusMessage.take(from: &bytes)
        let message = try #require(taken)
        #expect(message.kind == .answer && message.replySerial == 3 && bytes == [])
        var values = try message.values("u")
        let number = try values.number()
        #expect(number == 7)
    }

    @Test("fields that a later version may have are passed over")
    func unknownFields() throws {
        // Field 99 is a number of 64 bits, at the next boundary of 8.
        var bytes: [UInt8] = [0x6c, 2, 0, 1, 0, 0, 0, 0, 9, 0, 0, 0, 24, 0, 0, 0]
        bytes += [99, 1, 0x74, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8]
        bytes += [5, 1, 0x75, 0, 3, 0, 0, 0]
        let taken = try DBusMessage.take(from: &bytes)
        let message = try #require(taken)
        #expect(message.replySerial == 3)
    }

    @Test("a message with a field that is made of others is passed over, and one that is too large is measured")
    func passedOver() throws {
        // Field 99 is an array of texts, without any.
        var bytes: [UInt8] = [0x6c, 2, 0, 1, 0, 0, 0, 0, 9, 0, 0, 0, 12, 0, 0, 0]
        bytes += [99, 2, 0x61, 0x73, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        let size = try DBusMessage.size(bytes)
        #expect(size == 32)
        let taken = try DBusMessage.take(from: &bytes)
        let message = try #require(taken)
        #expect(message.kind == nil && bytes == [])
        let header: [UInt8] = [0x6c, 4, 0, 1, 0, 0, 32, 0, 9, 0, 0, 0, 0, 0, 0, 0]
        let large = try DBusMessage.size(header)
        #expect(large == 16 + (2 << 20))
        var none = false
        do { _ = try DBusMessage.size([0x6c, 4, 0, 1, 0, 0, 0, 16] + header[8...]) } catch { none = true }
        #expect(none)
    }

    @Test("what is not whole yet is waited for, wherever it was cut off")
    func prefixes() throws {
        for count in 0..<Self.answer.count {
            var bytes = Array(Self.answer[..<count])
            let message = try DBusMessage.take(from: &bytes)
            #expect(message == nil && bytes.count == count, "\(count)")
        }
    }

    @Test(
        "bytes that are no message are an error",
        arguments: [
            // Neither byte order; no kind; another version; a body and fields larger than any message.
            [0x78, 2, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0], [0x6c, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0],
            [0x6c, 2, 0, 2, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0],
            [0x6c, 2, 0, 1, 255, 255, 255, 255, 1, 0, 0, 0, 0, 0, 0, 0],
            [0x6c, 2, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 255, 255, 255, 255],
            // The order of the other bytes is not the one that the first says.
            [0x42, 2, 0, 1, 4, 0, 0, 0, 1, 0, 0, 0, 15, 0, 0, 0],
            // A text that is longer than the message, and one that does not end.
            [0x6c, 2, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 8, 0, 0, 0, 7, 1, 0x73, 0, 255, 255, 255, 255],
            [0x6c, 2, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 10, 0, 0, 0, 7, 1, 0x73, 0, 1, 0, 0, 0, 65, 65, 0, 0, 0, 0, 0, 0],
            // A field of a kind that does not exist, and one that ends within its value.
            [0x6c, 2, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 8, 0, 0, 0, 99, 1, 0x7a, 0, 0, 0, 0, 0],
            [0x6c, 2, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 5, 1, 0x75, 0, 0, 0, 0, 0],
        ] as [[UInt8]])
    func broken(bytes: [UInt8]) {
        var rest = bytes
        var isError = false
        do { _ = try DBusMessage.take(from: &rest) } catch { isError = true }
        #expect(isError)
    }

    @Test("whatever a byte of an answer is changed to, it is a message, an error, or not whole")
    func changed() {
        var outcomes = (messages: 0, errors: 0, partial: 0)
        for index in Self.answer.indices {
            for value in [0, 1, 8, 0x42, 0x61, 0x7f, 0x80, 0xff] as [UInt8] {
                var bytes = Self.answer
                bytes[index] = value
                do {
                    guard let message = try DBusMessage.take(from: &bytes) else {
                        outcomes.partial += 1
                        continue
                    }
                    var values = try message.values("su")
                    _ = try values.text()
                    _ = try values.number()
                    _ = try message.failureText()
                    outcomes.messages += 1
                } catch {
                    outcomes.errors += 1
                }
            }
        }
        #expect(outcomes.messages > 0 && outcomes.errors > 0 && outcomes.partial > 0, "\(outcomes)")
    }

    // MARK: Connections

    @Test("a caller says which user it is, and then greets")
    func greeting() throws {
        let bus = PlayedBus.greeting()
        _ = try DBusConnection(bus.client, milliseconds: 5000)
        let heard = bus.heard()
        let digits = "\(geteuid())".utf8.map { String($0, radix: 16) }.joined()
        #expect(heard.hasPrefix("\0AUTH EXTERNAL \(digits)\r\nBEGIN\r\n"))
        #expect(heard.contains("Hello"))
    }

    @Test("a bus that does not take the caller is an error with its answer")
    func rejected() {
        let bus = PlayedBus()
        bus.say(Array("REJECTED EXTERNAL\r\n".utf8))
        let error = #expect(throws: CFSError.self) { try DBusConnection(bus.client, milliseconds: 5000) }
        #expect(error?.code == .notPermitted && error?.message.contains("REJECTED EXTERNAL") == true)
    }

    @Test("a bus that says nothing is an error once the time is over", arguments: [0, 1, 2])
    func silent(stage: Int) {
        let bus = PlayedBus()
        if stage > 0 { bus.say(Array("OK 01\r\n".utf8)) }
        // A message that answers nothing, and the beginning of another.
        if stage > 1 { bus.say(PlayedBus.message(.answer, answers: 8) + [0x6c, 2, 0, 1]) }
        let error = #expect(throws: CFSError.self) { try DBusConnection(bus.client, milliseconds: 50) }
        #expect(error?.errno == ETIMEDOUT)
    }

    @Test("a bus that hangs up, or sends a line without end, is an error")
    func gone() {
        let closed = PlayedBus()
        closed.say(Array("OK 01\r\n".utf8))
        closed.hangUp()
        let error = #expect(throws: CFSError.self) { try DBusConnection(closed.client, milliseconds: 5000) }
        #expect(error?.message == "the connection to the system bus has ended")
        let endless = PlayedBus()
        endless.say([UInt8](repeating: 0x41, count: 8192))
        #expect(throws: CFSError.self) { try DBusConnection(endless.client, milliseconds: 5000) }
    }

    @Test("where nobody listens there is no bus")
    func absent() throws {
        let none = try DBusConnection.connect(to: "/run/cfs-test-\(getpid())-nobody", milliseconds: 5000)
        #expect(none == nil)
    }
}
