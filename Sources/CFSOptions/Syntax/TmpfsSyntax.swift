import CFSCore

/// Reads `--tmpfs`: `TARGET[:word,...,size=64m,mode=1777]`.
package enum TmpfsSyntax {
    /// What a tmpfs is when nobody says otherwise: for everybody, and nothing in it can be executed.
    package static func request(target: String, size: ByteCount? = nil, mode: UInt32 = 0o1777) -> MountRequest {
        var mount = MountRequest(kind: .tmpfs(size: size, mode: mode), target: target)
        mount.noExecute = true
        return mount
    }

    package static func mount(_ text: String) throws(CFSError) -> MountRequest {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let target = parts.first ?? ""
        try MountWords.checkTarget(target, in: text)
        var mount = request(target: target)
        guard parts.count == 2 else { return mount }
        var words = MountWords()
        var size: ByteCount?
        var mode: UInt32 = 0o1777
        for part in parts[1].split(separator: ",", omittingEmptySubsequences: false) {
            if part.hasPrefix("size=") {
                size = try bytes(String(part.dropFirst(5)))
            } else if part.hasPrefix("mode=") {
                mode = try permissions(String(part.dropFirst(5)))
            } else {
                try words.apply(String(part), to: &mount, allowed: MountWords.forTmpfs)
            }
        }
        mount.kind = .tmpfs(size: size, mode: mode)
        return mount
    }

    /// A size of at least one byte: the kernel takes 0 for no limit at all.
    package static func bytes(_ text: String) throws(CFSError) -> ByteCount {
        let size = try ByteCount(text)
        guard size.bytes > 0 else {
            throw CFSError(
                .invalidArgument, .parsing, "the size of a tmpfs must be above 0",
                hint: "leave the size away for half of the memory")
        }
        return size
    }

    /// Reads `--shm-size`, the size of `/dev/shm`: at least one byte, and no more than the kernel can count.
    package static func sharedMemory(_ text: String) throws(CFSError) -> ByteCount {
        do throws(CFSError) {
            let size = try ByteCount(text)
            if (1...UInt64(Int64.max)).contains(size.bytes) { return size }
        } catch {}
        throw LimitSyntax.wrong("--shm-size", text, "write a size above 0, such as 128m or 1g; without it, it is 64m")
    }

    /// An octal mode, 0 to 07777.
    package static func permissions(_ text: String) throws(CFSError) -> UInt32 {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x37).contains($0) }), let mode = UInt32(text, radix: 8),
            mode <= 0o7777
        else {
            throw CFSError(
                .invalidArgument, .parsing, "\"\(text)\" is not a file mode", hint: "write an octal number: mode=1777")
        }
        return mode
    }
}
