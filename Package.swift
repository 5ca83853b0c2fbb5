// swift-tools-version: 6.2
import PackageDescription

/// Scripts/test-fuzz sets it: our own targets are built with the coverage that libFuzzer follows, and `cfs-fuzz` is there.
let isFuzzing = Context.environment["CFS_FUZZ"] != nil

/// Warnings are errors in our own targets; dependencies are left alone.
let strict: [SwiftSetting] =
    [.treatAllWarnings(as: .error)] + (isFuzzing ? [.unsafeFlags(["-sanitize=fuzzer", "-enable-testing"])] : [])

let system = Target.Dependency.product(name: "SystemPackage", package: "swift-system")

let package = Package(
    name: "cfs",
    products: [
        .library(name: "CFSCore", targets: ["CFSCore"]),
        .library(name: "CFSCgroups", targets: ["CFSCgroups"]),
        .executable(name: "cfs", targets: ["cfs"]),
        .executable(name: "cfs-runtime", targets: ["cfs-runtime"]),
        .executable(name: "cfsd", targets: ["cfsd"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.4.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.5.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.0.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.25.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.34.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.0.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.9.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.22.0", traits: []),
    ],
    targets: [
        // The C floor: system calls and the C libraries Debian ships.
        .target(name: "CLinux"),
        .systemLibrary(name: "CSeccomp", pkgConfig: "libseccomp", providers: [.apt(["libseccomp-dev"])]),
        .systemLibrary(name: "CCap", pkgConfig: "libcap", providers: [.apt(["libcap-dev"])]),
        .systemLibrary(name: "CArchive", providers: [.apt(["libarchive-dev"])]),
        .systemLibrary(
            name: "CCompression", providers: [.apt(["zlib1g-dev", "libzstd-dev", "liblzma-dev", "libbz2-dev"])]),
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),

        // The rooms. Arrows point down only; Tests/ArchitectureTests walks this list.
        .target(name: "CFSModel", swiftSettings: strict),
        .target(name: "CFSLinux", dependencies: ["CLinux", "CFSModel"], swiftSettings: strict),
        .target(name: "CFSCgroups", dependencies: ["CFSLinux"], swiftSettings: strict),
        .target(name: "CFSNetworks", dependencies: ["CFSLinux"], swiftSettings: strict),
        .target(
            name: "CFSNamespaces", dependencies: ["CFSLinux", "CFSNetworks", "CSeccomp", "CCap"], swiftSettings: strict),
        .target(
            name: "CFSLayers",
            dependencies: [
                "CFSLinux", "CArchive", "CCompression", .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: strict),
        .target(name: "CFSRegistry", dependencies: ["CFSModel", "CSQLite"], swiftSettings: strict),
        .target(
            name: "CFSImages",
            dependencies: ["CFSLayers", .product(name: "AsyncHTTPClient", package: "async-http-client")],
            swiftSettings: strict),
        .target(
            name: "CFSMonitor", dependencies: ["CFSNamespaces", "CFSCgroups", "CFSNetworks"], swiftSettings: strict),
        .target(
            name: "CFSCore",
            dependencies: [
                "CFSModel", "CFSLinux", "CFSCgroups", "CFSNamespaces", "CFSNetworks", "CFSLayers", "CFSRegistry",
                "CFSImages", "CFSMonitor", system, .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: strict),
        .target(name: "CFSOptions", dependencies: ["CFSCore", "CFSLinux", "CFSNamespaces"], swiftSettings: strict),
        .executableTarget(
            name: "cfs",
            dependencies: [
                "CFSCore", "CFSOptions", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: strict),
        .target(name: "CFSRuntime", dependencies: ["CFSNamespaces", "CFSCgroups"], swiftSettings: strict),
        .executableTarget(
            name: "cfs-runtime", dependencies: ["CFSMonitor", "CFSRuntime"], swiftSettings: strict),
        .target(
            name: "CFSServer",
            dependencies: [
                "CFSCore", "CFSLinux", "CFSOptions", "CLinux", .product(name: "Crypto", package: "swift-crypto"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "HummingbirdCore", package: "hummingbird"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOExtras", package: "swift-nio-extras"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOHTTPTypes", package: "swift-nio-extras"),
                .product(name: "NIOHTTPTypesHTTP1", package: "swift-nio-extras"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "NIOSSL", package: "swift-nio-ssl"),
                .product(name: "NIOTLS", package: "swift-nio"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
            ],
            exclude: ["Dashboard/dashboard.html"],
            swiftSettings: strict),
        .executableTarget(
            name: "cfsd",
            dependencies: [
                "CFSServer", "CFSOptions", "CLinux", .product(name: "Logging", package: "swift-log"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict),

        // Tests mirror the rooms; RootTests drives the built executables, VMTests too, in the virtual machine.
        .target(name: "TestSupport", path: "Tests/TestSupport", swiftSettings: strict),
        .target(
            name: "EngineSupport", dependencies: ["TestSupport"], path: "Tests/EngineSupport", swiftSettings: strict),
        .testTarget(name: "ArchitectureTests", dependencies: ["TestSupport"], swiftSettings: strict),
        .testTarget(name: "CFSModelTests", dependencies: ["CFSModel", "TestSupport"], swiftSettings: strict),
        .testTarget(name: "CFSLinuxTests", dependencies: ["CFSLinux", "TestSupport"], swiftSettings: strict),
        .testTarget(name: "CFSCgroupsTests", dependencies: ["CFSCgroups", "TestSupport"], swiftSettings: strict),
        .testTarget(name: "CFSNamespacesTests", dependencies: ["CFSNamespaces", "TestSupport"], swiftSettings: strict),
        .testTarget(name: "CFSNetworksTests", dependencies: ["CFSNetworks", "TestSupport"], swiftSettings: strict),
        .testTarget(name: "CFSRuntimeTests", dependencies: ["CFSRuntime", "TestSupport"], swiftSettings: strict),
        .testTarget(name: "CFSMonitorTests", dependencies: ["CFSMonitor", "TestSupport"], swiftSettings: strict),
        .testTarget(name: "CFSLayersTests", dependencies: ["CFSLayers", "TestSupport"], swiftSettings: strict),
        .testTarget(name: "CFSImagesTests", dependencies: ["CFSImages", "TestSupport"], swiftSettings: strict),
        .testTarget(name: "CFSRegistryTests", dependencies: ["CFSRegistry", "TestSupport"], swiftSettings: strict),
        .testTarget(name: "CFSCoreTests", dependencies: ["CFSCore", "TestSupport"], swiftSettings: strict),
        .target(
            name: "OptionsSupport", dependencies: ["CFSCore", "CFSOptions"], path: "Tests/OptionsSupport",
            swiftSettings: strict),
        .testTarget(
            name: "CFSOptionsTests", dependencies: ["CFSOptions", "OptionsSupport", "TestSupport"],
            swiftSettings: strict),
        .testTarget(
            name: "CFSServerTests",
            dependencies: [
                "CFSServer", "TestSupport", .product(name: "HTTPTypes", package: "swift-http-types"),
                .product(name: "Metrics", package: "swift-metrics"),
                .product(name: "NIOEmbedded", package: "swift-nio"),
            ],
            swiftSettings: strict),
        .testTarget(name: "cfsdTests", dependencies: ["cfsd", "TestSupport"], swiftSettings: strict),
        .testTarget(name: "cfsTests", dependencies: ["cfs", "OptionsSupport", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "RootTests", dependencies: ["CFSCore", "EngineSupport", "TestSupport"], swiftSettings: strict),
        .testTarget(
            name: "VMTests", dependencies: ["CFSCore", "CFSCgroups", "EngineSupport", "TestSupport"],
            swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)

if isFuzzing {
    package.targets += [
        .systemLibrary(name: "CFuzzer", path: "Tests/Fuzz/CFuzzer"),
        .executableTarget(
            name: "cfs-fuzz", dependencies: ["CFSRuntime", "CFuzzer", "TestSupport"], path: "Tests/Fuzz",
            exclude: ["CFuzzer", "dictionaries"], swiftSettings: strict,
            linkerSettings: [.unsafeFlags(["-sanitize=fuzzer", "-use-ld=lld"])]),
    ]
}
