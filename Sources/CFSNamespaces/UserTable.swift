import CFSModel

/// The lines of passwd(5) or group(5), as bytes. The file is the image's: it may consist of nothing but separators, so no
/// list of all lines or fields is ever made.
struct UserTable {
    typealias Line = [ArraySlice<UInt8>]

    let bytes: [UInt8]

    /// The first line that `holds`, in its fields; comments and empty lines are none.
    ///
    /// - Parameter fields: the most that are separated; the last has all that follows.
    func first(fields: Int, where holds: (Line) -> Bool) -> Line? {
        var rest = bytes[...]
        while !rest.isEmpty {
            let end = rest.firstIndex(of: 0x0a) ?? rest.endIndex
            let line = rest[..<end]
            rest = rest[end...].dropFirst()
            if line.isEmpty || line.first == 0x23 { continue }
            let found = line.split(separator: 0x3a, maxSplits: fields - 1, omittingEmptySubsequences: false)
            if holds(found) { return found }
        }
        return nil
    }

    /// The groups that name a user among their members, without repetition.
    ///
    /// - Throws: `.limitExceeded` beyond the kernel's limit (NGROUPS_MAX).
    func groups(of name: ArraySlice<UInt8>) throws(CFSError) -> [UInt32] {
        var found: [UInt32] = []
        var seen: Set<UInt32> = []
        _ = first(fields: 4) { line in
            guard line.count > 3, Self.lists(line[3], name), let gid = Self.number(line[2]) else { return false }
            if seen.insert(gid).inserted { found.append(gid) }
            return found.count > 65536
        }
        guard found.count <= 65536 else {
            throw CFSError(.limitExceeded, .starting, "the user is in more than 65536 groups of the image's /etc/group")
        }
        return found
    }

    private static func lists(_ members: ArraySlice<UInt8>, _ name: ArraySlice<UInt8>) -> Bool {
        var rest = members
        while !rest.isEmpty {
            let end = rest.firstIndex(of: 0x2c) ?? rest.endIndex
            if rest[..<end].elementsEqual(name) { return true }
            rest = rest[end...].dropFirst()
        }
        return false
    }

    /// Digits only, at most 2147483646: an id as signed programs can hold it, and never -1.
    static func number(_ text: ArraySlice<UInt8>) -> UInt32? {
        guard !text.isEmpty, text.allSatisfy({ (0x30...0x39).contains($0) }),
            let value = UInt32(String(decoding: text, as: UTF8.self)), value < UInt32(Int32.max)
        else { return nil }
        return value
    }
}
