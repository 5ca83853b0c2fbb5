import CFSCore
import CFSLinux
import Crypto

/// Tokens of the page: each is minted for one load of it, for a caller who passed the check, and is good for that user until it
/// is over. Nothing is kept of them: they are signed with a key of this process (HMAC-SHA-256), so that any number of loads
/// takes no memory and a new daemon knows none of the old.
struct PageTokens: Sendable {
    /// Nanoseconds that a token is good for.
    static let lifetime: UInt64 = 12 * 3_600_000_000_000

    private let key = SymmetricKey(size: .bits256)

    /// - Parameter now: nanoseconds since 1970.
    func mint(uid: UInt32, now: UInt64 = SystemClock.realtime) -> String {
        let claim = "\(uid).\(now + Self.lifetime).\(Self.hex(SymmetricKey(size: .bits128)))"
        let code = HMAC<SHA256>.authenticationCode(for: Array(claim.utf8), using: key)
        return "\(claim).\(Self.hex(Array(code)))"
    }

    /// Whether a token is one of ours, for this user, and not over.
    func isGood(_ token: String, uid: UInt32, now: UInt64 = SystemClock.realtime) -> Bool {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0] == "\(uid)", let end = UInt64(parts[1]), let code = Self.bytes(parts[3])
        else { return false }
        let claim = parts[0...2].joined(separator: ".")
        // Compares in constant time.
        guard HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: Array(claim.utf8), using: key) else {
            return false
        }
        return now < end
    }

    /// A number that nobody can guess, for one answer.
    static func nonce() -> String { hex(SymmetricKey(size: .bits128)) }

    private static func hex(_ key: SymmetricKey) -> String { key.withUnsafeBytes { hex(Array($0)) } }

    private static func hex(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        for byte in bytes {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }

    private static func bytes(_ hex: Substring) -> [UInt8]? {
        guard hex.utf8.count == 64 else { return nil }
        let digits = hex.utf8.compactMap { digit -> UInt8? in
            switch digit {
            case 0x30...0x39: digit - 0x30
            case 0x61...0x66: digit - 0x57
            default: nil
            }
        }
        guard digits.count == 64 else { return nil }
        return stride(from: 0, to: 64, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
}
