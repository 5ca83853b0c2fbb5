import Testing

@testable import CFSNamespaces

@Suite("Architectures of filters")
struct SeccompArchitectureTests {
    #if arch(x86_64)
    @Test(
        "an image for 386 brings i386 along, and nothing else does",
        arguments: ["amd64", "", "386 ", "x86", "arm", "../386", "i386"])
    func companions(image: String) {
        #expect(SeccompArchitecture.companion(ofImage: "386") == .x86)
        #expect(SeccompArchitecture.companion(ofImage: image) == nil)
    }
    #endif

    @Test("every name is one of the OCI configuration")
    func names() {
        #expect(SeccompArchitecture.allCases.allSatisfy { $0.rawValue.hasPrefix("SCMP_ARCH_") })
        #expect(SeccompArchitecture.allCases.count == 23)
        #expect(SeccompArchitecture.allCases.contains(.native))
    }
}
