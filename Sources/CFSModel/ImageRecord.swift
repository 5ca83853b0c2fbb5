/// One named image, with all that a start needs to know of it.
public struct ImageRecord: Sendable, Hashable {
    /// Where the image came from.
    public enum Source: String, Sendable, Hashable {
        /// Composed here, from this machine's own BusyBox and a thin layer of the system's layout.
        case offline
        /// Fetched from the address in the catalogue, and verified.
        case upstream
        /// Imported by the user.
        case imported
        /// Made of a container.
        case committed
    }

    /// What the image says about running it (OCI image-spec, config.md). It is data: nothing in it steers the engine.
    public struct Configuration: Sendable, Hashable {
        public var entrypoint: [String] = []
        public var command: [String] = []
        /// `KEY=VALUE`.
        public var environment: [String] = []
        public var workingDirectory = ""
        public var user = ""
        /// As the image spells it: `SIGTERM`, `15` or empty.
        public var stopSignal = ""
        public var labels: [String: String] = [:]
        public var volumes: [String] = []
        /// `80/tcp`: what the image says that it listens on.
        public var exposedPorts: [String] = []
        /// Runs inside a container, as what else is executed there.
        public var health: ImageHealthCheck?
        public init() {}
    }

    /// One layer: the digest of its uncompressed tar, and the chain ID under which it lies unpacked.
    public struct Layer: Sendable, Hashable {
        public var diffID: Digest
        public var chainID: Digest
        /// Bytes of file content, unpacked.
        public var size: UInt64
        public init(diffID: Digest, chainID: Digest, size: UInt64) {
            self.diffID = diffID
            self.chainID = chainID
            self.size = size
        }
    }

    public var name: String
    /// The digest of the manifest: the image's id.
    public var digest: Digest
    public var source: Source
    /// OCI names: `amd64`, `386`, `arm64`.
    public var architecture: String
    /// From the lowest to the topmost.
    public var layers: [Layer]
    public var configuration: Configuration
    /// Nanoseconds since 1970.
    public var createdAt: UInt64

    /// Bytes of file content in all layers, counting a shared layer fully.
    public var size: UInt64 { layers.reduce(0) { $0 + $1.size } }

    public init(
        name: String, digest: Digest, source: Source, architecture: String, layers: [Layer],
        configuration: Configuration,
        createdAt: UInt64
    ) {
        self.name = name
        self.digest = digest
        self.source = source
        self.architecture = architecture
        self.layers = layers
        self.configuration = configuration
        self.createdAt = createdAt
    }
}

/// Where images are kept by name. The registry is one; tests have another.
public protocol ImageNames {
    func image(named name: String) throws(CFSError) -> ImageRecord?
    /// All, sorted by name.
    func images() throws(CFSError) -> [ImageRecord]
    /// Adds an image, or replaces the one of that name.
    func put(_ image: ImageRecord) throws(CFSError)
    func removeImage(named name: String) throws(CFSError)
}
