import CFSModel

extension Engine {
    /// Folders in which a file changes whenever anything about any container does (inotify(7)): the registry's and the
    /// journal's. Both are there once the engine was used.
    package var placesOfChange: [String] { [options.root, "\(options.root)/events"] }

    /// Folders in which a file changes when something about this container does.
    package func placesOfChange(of id: ContainerID) -> [String] { [folder(id).container, folder(id).run] }
}
