import Glibc

/// Waits for something that sends no event, such as a folder to vanish; false when the deadline passes.
///
/// It looks again after a pause, so the answer comes late by that pause at most and never by luck.
public func eventually(seconds: Double = 60, _ condition: () -> Bool) -> Bool {
    let end = monotonicSeconds() + seconds
    while !condition() {
        guard monotonicSeconds() < end else { return false }
        poll(nil, 0, 5)
    }
    return true
}
