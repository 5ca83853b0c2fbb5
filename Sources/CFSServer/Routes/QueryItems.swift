import CFSCore
import CFSLinux
import CFSOptions

/// What stands behind the question mark: names with values, in order.
struct QueryItems: Sendable, Equatable {
    let items: [(name: String, value: String)]

    static func == (left: QueryItems, right: QueryItems) -> Bool {
        left.items.elementsEqual(right.items) { $0 == $1 }
    }

    /// - Throws: `invalidRequest` for a wrong escape.
    init(_ text: Substring) throws(ServerError) {
        var items: [(name: String, value: String)] = []
        for part in text.split(separator: "&") {
            let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = PercentEncoding.decode(pair[0], plus: true),
                let value = PercentEncoding.decode(pair.count == 2 ? pair[1] : "", plus: true)
            else { throw ServerError(.invalidRequest, "the query has an escape that is none") }
            items.append((name, value))
        }
        self.items = items
    }

    /// All values of a name.
    func values(_ name: String) -> [String] { items.filter { $0.name == name }.map(\.value) }

    /// The value of a name that may stand once.
    func text(_ name: String) throws(ServerError) -> String? {
        let values = values(name)
        guard values.count <= 1 else { throw ServerError(.invalidRequest, "\(name) stands several times in the query") }
        return values.first
    }

    func flag(_ name: String) throws(ServerError) -> Bool {
        switch try text(name) {
        case nil, "false", "0": return false
        case "true", "1", "": return true
        case let value?: throw wrong(name, value, "write true or false")
        }
    }

    func integer(_ name: String, _ range: ClosedRange<Int>) throws(ServerError) -> Int? {
        guard let value = try text(name) else { return nil }
        guard let number = Int(value), range.contains(number), "\(number)" == value else {
            throw wrong(name, value, "write a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func number(_ name: String, _ range: ClosedRange<Double>) throws(ServerError) -> Double? {
        guard let value = try text(name) else { return nil }
        guard let number = Double(value), range.contains(number) else {
            throw wrong(name, value, "write a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    /// Nanoseconds since 1970 of a time, or of a span before now: as the command line takes them.
    func time(_ name: String) throws(ServerError) -> UInt64? {
        guard let value = try text(name) else { return nil }
        do throws(CFSError) {
            return try TimeSyntax.time(value, now: SystemClock.realtime)
        } catch {
            throw wrong(name, value, error.hint ?? error.message)
        }
    }

    func wrong(_ name: String, _ value: String, _ hint: String) -> ServerError {
        ServerError(.invalidRequest, "\(name) does not take \"\(value.prefix(100))\"", hint: hint)
    }
}

/// Escapes of URLs (RFC 3986, 2.1).
enum PercentEncoding {
    /// The text without its escapes; nil for one that is none, for what is no UTF-8, and for a byte of zero, behind which the
    /// kernel reads no path.
    static func decode(_ text: some StringProtocol, plus: Bool = false) -> String? {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == 0x25 else {
                bytes.append(plus && byte == 0x2b ? 0x20 : byte)
                continue
            }
            guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit) else {
                return nil
            }
            bytes.append(high << 4 | low)
        }
        return bytes.contains(0) ? nil : String(validating: bytes, as: UTF8.self)
    }

    static func encode(_ text: String) -> String {
        var out = ""
        for byte in text.utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5a, 0x61...0x7a, 0x2d, 0x2e, 0x5f, 0x7e:
                out.append(Character(Unicode.Scalar(byte)))
            default:
                let hex = String(byte, radix: 16, uppercase: true)
                out += hex.utf8.count == 1 ? "%0\(hex)" : "%\(hex)"
            }
        }
        return out
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x37
        case 0x61...0x66: byte - 0x57
        default: nil
        }
    }
}
