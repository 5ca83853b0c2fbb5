@testable import CFSLayers

/// Builds tar archives field by field, also those that no archiver writes.
struct RawTar {
    private var blocks: [UInt8] = []

    /// Adds a member. Fields overwrite what stands at their offset in the header, before the checksum is made.
    mutating func add(
        _ name: String, type: Character = "0", _ body: [UInt8] = [], mode: Int = 0o644, uid: Int = 0, gid: Int = 0,
        time: Int = 0, link: String = "", size: Int? = nil, fields: [Int: [UInt8]] = [:], checksum: [UInt8]? = nil,
        sumsSignedBytes: Bool = false
    ) {
        var header = [UInt8](repeating: 0, count: 512)
        func put(_ text: [UInt8], _ offset: Int) {
            for (index, byte) in text.enumerated() where offset + index < 512 { header[offset + index] = byte }
        }
        func octal(_ value: Int, _ width: Int) -> [UInt8] {
            let digits = String(value, radix: 8)
            return Array((String(repeating: "0", count: max(0, width - 1 - digits.count)) + digits).utf8) + [0]
        }
        put(Array(name.utf8.prefix(100)), 0)
        put(octal(mode, 8), 100)
        put(octal(uid, 8), 108)
        put(octal(gid, 8), 116)
        put(octal(size ?? body.count, 12), 124)
        put(octal(time, 12), 136)
        put(Array("\(type)".utf8), 156)
        put(Array(link.utf8.prefix(100)), 157)
        put(Array("ustar\u{0}00".utf8), 257)
        for (offset, bytes) in fields { put(bytes, offset) }
        for index in 148..<156 { header[index] = 0x20 }
        let sum = header.reduce(0) { $0 + (sumsSignedBytes ? Int(Int8(bitPattern: $1)) : Int($1)) }
        put(checksum ?? octal(sum, 7), 148)
        blocks += header + body + [UInt8](repeating: 0, count: (512 - body.count % 512) % 512)
    }

    /// Adds a pax header for the member that follows.
    mutating func pax(_ records: [(String, [UInt8])], type: Character = "x") {
        var body: [UInt8] = []
        for (key, value) in records {
            let rest = key.utf8.count + value.count + 3
            let length = (1...9).map { rest + $0 }.first { String($0).utf8.count + rest == $0 } ?? 0
            body += Array("\(length) \(key)=".utf8) + value + [0x0a]
        }
        add("pax", type: type, body)
    }

    mutating func pax(_ key: String, _ value: String) { pax([(key, Array(value.utf8))]) }

    /// Adds blocks as they are.
    mutating func append(_ bytes: [UInt8]) { blocks += bytes }

    mutating func folder(_ name: String, mode: Int = 0o755) { add(name, type: "5", mode: mode) }
    mutating func link(_ name: String, to target: String) { add(name, type: "2", mode: 0o777, link: target) }
    mutating func hardLink(_ name: String, to target: String) { add(name, type: "1", link: target) }
    mutating func file(_ name: String, _ text: String = "") { add(name, Array(text.utf8)) }

    /// Without the blocks that end an archive.
    var unended: [UInt8] { blocks }
    var bytes: [UInt8] { blocks + [UInt8](repeating: 0, count: 1024) }

    init(_ build: (inout RawTar) -> Void = { _ in }) { build(&self) }

    /// Members in short: `f NAME TEXT`, `d NAME MODE`, `l NAME TARGET`, `h NAME TARGET`, `p NAME`, `c NAME MINOR` (of
    /// major 0), and `x KEY VALUE` for a pax record of the member that follows; with semicolons between.
    init(_ members: String) {
        for member in members.split(separator: "; ") {
            let words = member.split(separator: " ", maxSplits: 2).map(String.init)
            let (name, rest) = (words[1], words.count > 2 ? words[2] : "")
            switch words[0] {
            case "f": file(name, rest)
            case "d": folder(name, mode: Int(rest, radix: 8) ?? 0o755)
            case "l": link(name, to: rest)
            case "h": hardLink(name, to: rest)
            case "p": add(name, type: "6")
            case "c": add(name, type: "3", fields: [337: Array("000000\(rest)".utf8)])
            case "x": pax(name, rest)
            default: preconditionFailure("no such member: \(member)")
            }
        }
    }
}
