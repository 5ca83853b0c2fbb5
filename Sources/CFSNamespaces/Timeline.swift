import CFSLinux

/// The phases of a start with their ends, in nanoseconds of the monotonic clock.
public struct Timeline: Sendable {
    public struct Mark: Sendable, Hashable {
        public var name: String
        /// CLOCK_MONOTONIC, nanoseconds.
        public var at: UInt64
        public init(name: String, at: UInt64) {
            self.name = name
            self.at = at
        }
    }

    public private(set) var marks: [Mark] = []

    public init() {}

    /// Goes on where another process has left off: the clock is the same for both.
    public init(marks: [Mark]) { self.marks = marks }

    /// Notes that a phase has ended now.
    public mutating func mark(_ name: StaticString) { marks.append(Mark(name: "\(name)", at: SystemClock.monotonic)) }
}
