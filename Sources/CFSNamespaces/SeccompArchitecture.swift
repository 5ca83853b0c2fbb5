import CFSModel

/// An architecture whose calls a filter knows, by its name in the OCI configuration.
public enum SeccompArchitecture: String, Sendable, Hashable, CaseIterable {
    case x86 = "SCMP_ARCH_X86"
    case x86x64 = "SCMP_ARCH_X86_64"
    case x32 = "SCMP_ARCH_X32"
    case arm = "SCMP_ARCH_ARM"
    case aarch64 = "SCMP_ARCH_AARCH64"
    case riscv64 = "SCMP_ARCH_RISCV64"
    case loongarch64 = "SCMP_ARCH_LOONGARCH64"
    case m68k = "SCMP_ARCH_M68K"
    case mips = "SCMP_ARCH_MIPS"
    case mips64 = "SCMP_ARCH_MIPS64"
    case mips64n32 = "SCMP_ARCH_MIPS64N32"
    case mipsel = "SCMP_ARCH_MIPSEL"
    case mipsel64 = "SCMP_ARCH_MIPSEL64"
    case mipsel64n32 = "SCMP_ARCH_MIPSEL64N32"
    case ppc = "SCMP_ARCH_PPC"
    case ppc64 = "SCMP_ARCH_PPC64"
    case ppc64le = "SCMP_ARCH_PPC64LE"
    case s390 = "SCMP_ARCH_S390"
    case s390x = "SCMP_ARCH_S390X"
    case sh = "SCMP_ARCH_SH"
    case sheb = "SCMP_ARCH_SHEB"
    case parisc = "SCMP_ARCH_PARISC"
    case parisc64 = "SCMP_ARCH_PARISC64"

    /// The machine's own.
    #if arch(x86_64)
    public static let native = SeccompArchitecture.x86x64
    #elseif arch(arm64)
    public static let native = SeccompArchitecture.aarch64
    #endif

    /// The name in Docker's profiles, for the machine's own architecture.
    static var nativeDockerName: String { native == .x86x64 ? "amd64" : "arm64" }

    /// The second architecture that programs of an image need on this machine, if they do.
    ///
    /// - Parameter image: the image's architecture by its OCI name. It is data: any text is taken.
    static func companion(ofImage image: String) -> SeccompArchitecture? {
        switch (native, image) {
        case (.x86x64, "386"): .x86
        case (.aarch64, "arm"): .arm
        default: nil
        }
    }
}
