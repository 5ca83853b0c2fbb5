import CFSModel
import Glibc

/// What is fuzzed. A target reads its input as whoever it stands for would, and demands what must hold for all of them.
enum FuzzTarget: String, CaseIterable {
    case config, seccomp, users, mountinfo, resolver

    /// Set once, before the first input.
    nonisolated(unsafe) static var chosen = FuzzTarget.config

    func run(_ bytes: [UInt8]) {
        switch self {
        case .config: ConfigTarget.run(bytes)
        case .seccomp: SeccompTarget.run(bytes)
        case .users: UsersTarget.run(bytes)
        case .mountinfo: MountInfoTarget.run(bytes)
        case .resolver: ResolverTarget.run(bytes)
        }
    }

    /// Inputs to begin with: the samples of the tests.
    var seeds: [[UInt8]] {
        switch self {
        case .config: ConfigTarget.seeds
        case .seccomp: SeccompTarget.seeds
        case .users: UsersTarget.seeds
        case .mountinfo: MountInfoTarget.seeds
        case .resolver: ResolverTarget.seeds
        }
    }
}

/// What libFuzzer calls, and the name that its own `main`, which is linked along and never runs, looks for.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzzOneInput(_ data: UnsafePointer<UInt8>?, _ size: Int) -> Int32 {
    FuzzTarget.chosen.run(Array(UnsafeBufferPointer(start: data, count: size)))
    return 0
}

/// Ends the process when something does not hold; libFuzzer keeps the input.
func demand(_ holds: Bool, _ message: @autoclosure () -> String) {
    if holds { return }
    let text = Array("cfs-fuzz: \(message())\n".utf8)
    _ = write(2, text, text.count)
    abort()
}

/// The value, or nil for an input that is refused.
func accepted<Value>(_ body: () throws(CFSError) -> Value) -> Value? {
    do throws(CFSError) { return try body() } catch { return nil }
}

/// Choices that come out of an input; when it is used up, zeros.
struct Choices {
    private var bytes: ArraySlice<UInt8>

    init(_ bytes: some Sequence<UInt8>) { self.bytes = ArraySlice(bytes) }

    var isEmpty: Bool { bytes.isEmpty }

    mutating func byte() -> UInt8 { bytes.popFirst() ?? 0 }
    mutating func isChosen() -> Bool { byte() & 1 == 1 }
    mutating func number(below limit: Int) -> Int { Int(byte()) % limit }
    mutating func pick<Item>(_ items: [Item]) -> Item { items[number(below: items.count)] }

    mutating func word() -> UInt64 { (0..<8).reduce(0) { value, _ in value << 8 | UInt64(byte()) } }

    /// What stands before a zero, without it.
    mutating func text() -> [UInt8] {
        let text = Array(bytes.prefix { $0 != 0 })
        bytes = bytes.dropFirst(text.count + 1)
        return text
    }
}
