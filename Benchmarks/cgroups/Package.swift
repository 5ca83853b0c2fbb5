// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "cgroups",
    dependencies: [.package(name: "cfs", path: "../..")],
    targets: [
        .executableTarget(name: "statistics", dependencies: [.product(name: "CFSCgroups", package: "cfs")])
    ],
    swiftLanguageModes: [.v6]
)
