import CFSLinux

/// Which size a terminal has that several clients see: that of the newest who has said one.
struct ClientSizes {
    private var said: [(client: UInt64, size: WindowSize)] = []

    /// Notes what a client says; clients have growing numbers.
    ///
    /// - Returns: the size to set; nil when a newer client's stays.
    mutating func say(_ size: WindowSize, _ client: UInt64) -> WindowSize? {
        said.removeAll { $0.client == client }
        let place = said.firstIndex { $0.client > client } ?? said.endIndex
        said.insert((client, size), at: place)
        return place == said.endIndex - 1 ? size : nil
    }

    /// Forgets a client that has gone.
    ///
    /// - Returns: the size to set; nil when it stays.
    mutating func leave(_ client: UInt64) -> WindowSize? {
        guard let place = said.firstIndex(where: { $0.client == client }) else { return nil }
        let wasNewest = place == said.endIndex - 1
        said.remove(at: place)
        return wasNewest ? said.last?.size : nil
    }
}
