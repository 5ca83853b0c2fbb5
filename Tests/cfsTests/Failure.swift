import CFSCore
import Testing

@testable import cfs

/// The error of what must fail.
func failure<Result>(_ body: () throws(CFSError) -> Result) -> CFSError? {
    do throws(CFSError) {
        _ = try body()
        return nil
    } catch {
        return error
    }
}

extension Caller {
    /// Somebody in `/srv/app` with two variables.
    static let sample = Caller(
        variable: { ["HOME": "/root", "EMPTY": ""][$0] }, directory: "/srv/app")
}

/// The container that `cfs run` with these arguments asks for.
func spec(_ arguments: String..., caller: Caller = .sample) throws(CFSError) -> ContainerSpec {
    let canonical = try CanonicalArguments(
        arguments[...], ContainerOptions.optionNames, optionsEndAtFirstWord: true, verb: "run")
    return try ContainerOptions(canonical, verb: "run").spec(caller)
}
