import CFSModel

extension Container {
    /// Gives the container another name, at once and whatever its state is.
    ///
    /// - Throws: `invalidArgument` for what is no name; `conflict` when it is called so already; `nameTaken` when another
    ///   container is.
    public func rename(to name: String) throws(CFSError) {
        try engine.requirePrivilege("renaming a container")
        try Engine.check(name: name)
        guard try row().name != name else {
            throw CFSError(
                .conflict, .preparing, "the container is called \(name) already", hint: "choose another name")
        }
        do throws(CFSError) {
            guard try engine.registry.rename(id, to: name) else { throw gone }
        } catch {
            // A container that removed itself leaves its row to the next who looks.
            guard error.code == .nameTaken, try engine.forgetIfVanished(named: name) else { throw error }
            guard try engine.registry.rename(id, to: name) else { throw gone }
        }
    }
}
