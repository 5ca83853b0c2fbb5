import CFSModel
import CFSMonitor
import CFSRegistry

extension Container {
    /// Gives the container another name, at once and whatever its state is.
    ///
    /// - Throws: `invalidArgument` for what is no name; `conflict` when it is called so already; `nameTaken` when another
    ///   container is.
    public func rename(to name: String) throws(CFSError) {
        try engine.requirePrivilege("renaming a container")
        try Engine.check(name: name)
        var row = try row()
        let oldName = row.name
        guard oldName != name else {
            throw CFSError(
                .conflict, .preparing, "the container is called \(name) already", hint: "choose another name")
        }
        row.name = name
        let entry = engine.historyEntry("rename", row, isDone: true)
        do throws(CFSError) {
            guard try engine.registry.rename(id, to: name, history: entry) else { throw gone }
        } catch {
            // A container that removed itself leaves its row to the next who looks.
            guard error.code == .nameTaken, try engine.forgetIfVanished(named: name) else { throw error }
            guard try engine.registry.rename(id, to: name, history: entry) else { throw gone }
        }
        Engine.regardless { () throws(CFSError) in try tellMonitor(name) }
        if let settings = Engine.request(of: folder)?.network {
            // Of one that does not run nothing is found, and its next start tells the new name.
            Engine.regardless { () throws(CFSError) in try NetworkDevices.rename(id, to: name, settings) }
        }
        engine.note("rename", row, [EngineEvent.Attribute("oldName", oldName)])
    }

    /// Of two who rename at once, both tell the name that it has in the end.
    private func tellMonitor(_ name: String) throws(CFSError) {
        var (told, name) = ("", name)
        while told != name {
            told = name
            try folder.tell(name: told)
            name = try self.row().name
        }
    }
}
