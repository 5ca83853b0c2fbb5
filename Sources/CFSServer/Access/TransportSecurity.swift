import CFSCore
import NIOSSL
import Synchronization

/// TLS with certificates on both sides: files in PEM.
public struct TransportSecurity: Sendable, Hashable {
    /// The daemon's certificate, with those between it and its authority behind it.
    public var certificate: String
    /// Its private key.
    public var key: String
    /// The authorities that sign callers' certificates; whoever has one of theirs may do everything.
    public var callers: String

    public init(certificate: String, key: String, callers: String) {
        self.certificate = certificate
        self.key = key
        self.callers = callers
    }

    /// - Throws: `invalidConfiguration` for files that cannot be used.
    func context() throws(CFSError) -> NIOSSLContext {
        do {
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: try NIOSSLCertificate.fromPEMFile(certificate).map { .certificate($0) },
                privateKey: .privateKey(try NIOSSLPrivateKey(file: key, format: .pem)))
            configuration.minimumTLSVersion = .tlsv12
            configuration.trustRoots = .file(callers)
            // A caller has no host name that could be checked.
            configuration.certificateVerification = .noHostnameVerification
            configuration.applicationProtocols = ["http/1.1"]
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw CFSError(
                .invalidConfiguration, .starting, "the certificates cannot be used: \(error)",
                path: certificate, hint: "all three are files in PEM: tls-certificate, tls-key, tls-client-ca")
        }
    }

    /// Throws when a server could not be started with it.
    public func check() throws(CFSError) { _ = try context() }
}

/// The certificates that hold at the moment: new connections get new ones after a reload.
final class CurrentContext: Sendable {
    private let current: Mutex<NIOSSLContext>

    init(_ context: NIOSSLContext) { current = Mutex(context) }

    var context: NIOSSLContext { current.withLock { $0 } }

    func renew(_ context: NIOSSLContext) { current.withLock { $0 = context } }
}
