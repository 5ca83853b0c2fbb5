import CFSLinux
import CFSModel
import Glibc

extension NetworkEndpoint {
    /// Does what needs an address that a device before may have still: the kernel takes that of a container which has ended away
    /// in its own time, and on one parent no two may have the same hardware address (macvlan) or address (ipvlan).
    ///
    /// - Parameter patience: nanoseconds. Such a device is gone in hundredths of a second, or, where many end at once, in seconds.
    func outwaiting(_ patience: UInt64, _ body: () throws(CFSError) -> Void) throws(CFSError) {
        let end = SystemClock.monotonic + patience
        while true {
            do throws(CFSError) {
                return try body()
            } catch {
                guard network.driver != .bridge, error.errno == EADDRINUSE else { throw error }
                guard SystemClock.monotonic < end else {
                    var taken = error
                    taken.hint = "another device on \(network.device) has its address: ip -d link, ip neighbour"
                    throw taken
                }
                _ = poll(nil, 0, 5)
            }
        }
    }
}
