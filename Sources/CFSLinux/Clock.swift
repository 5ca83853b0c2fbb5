import CLinux

/// Time in nanoseconds.
public enum SystemClock {
    /// Since an arbitrary point, never going back (CLOCK_MONOTONIC).
    public static var monotonic: UInt64 { cfs_monotonic_ns() }
    /// Since 1970-01-01T00:00:00Z (CLOCK_REALTIME).
    public static var realtime: UInt64 { cfs_realtime_ns() }
}
