import CFSModel

extension Registry {
    /// Gives a container another name.
    ///
    /// - Parameter history: what is remembered of it, in the same transaction.
    /// - Returns: false when there is no such container.
    /// - Throws: `nameTaken` when another container has it.
    public func rename(_ id: ContainerID, to name: String, history: HistoryEntry? = nil) throws(CFSError) -> Bool {
        try write { database throws(CFSError) in
            do throws(CFSError) {
                try database.statement("UPDATE containers SET name = ? WHERE id = ?").bind(name).bind(id.text).run()
            } catch {
                guard error.code == .conflict, error.message.hasSuffix("containers.name") else { throw error }
                throw Self.nameTaken(name)
            }
            guard database.changes > 0 else { return false }
            if let history { try Self.remember(history, database) }
            return true
        }
    }

    static func nameTaken(_ name: String) -> CFSError {
        CFSError(
            .nameTaken, .preparing, "the name \"\(name)\" is taken",
            hint: "choose another name, or remove the other container once it has ended (`cfs rm \(name)`)")
    }
}
