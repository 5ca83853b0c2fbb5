// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "embed",
    dependencies: [.package(name: "cfs", path: "../..")],
    targets: [
        .executableTarget(name: "embed", dependencies: [.product(name: "CFSCore", package: "cfs")])
    ],
    swiftLanguageModes: [.v6]
)
