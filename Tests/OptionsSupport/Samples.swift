import CFSCore

@testable import CFSOptions

/// The error of what must fail.
package func failure<Result>(_ body: () throws(CFSError) -> Result) -> CFSError? {
    do throws(CFSError) {
        _ = try body()
        return nil
    } catch {
        return error
    }
}

extension Caller {
    /// Somebody in `/srv/app` with two variables.
    package static let sample = Caller(
        variable: { ["HOME": "/root", "EMPTY": ""][$0] }, directory: "/srv/app")
}

extension HostFacts {
    /// A machine with four processors and one disk, `sda`, that has one partition.
    package static let sample = HostFacts(
        processors: { 4 }, hugePageSizes: { ["2MB", "1GB"] }, disks: { ["/dev/sda"] },
        disk: { path throws(CFSError) in
            guard ["/dev/sda", "/dev/sda1", "/dev/block/8:0", "/srv/app/data"].contains(path),
                let disk = DeviceNumber(major: 8, minor: 0)
            else { throw CFSError(.invalidArgument, .looking, "there is no device \(path)", path: path) }
            return disk
        })
}

/// The container that `cfs run` with these arguments asks for.
package func spec(_ arguments: String..., caller: Caller = .sample) throws(CFSError) -> ContainerSpec {
    try spec(arguments, caller: caller)
}

package func spec(_ arguments: [String], caller: Caller = .sample) throws(CFSError) -> ContainerSpec {
    let canonical = try CanonicalArguments(
        arguments[...], ContainerOptions.optionNames, optionsEndAtFirstWord: true, verb: "run")
    return try ContainerOptions(canonical, verb: "run").spec(caller, .sample)
}
