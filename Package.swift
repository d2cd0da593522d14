// swift-tools-version: 6.2
import PackageDescription

// Names, layers and doors are told in Sources/README.md; LayeringTests keeps them.

#if arch(x86_64)
    // Wide Swift vectors are fifty times slower without AVX2 and FMA; the program names a missing one at start.
    let processor: [SwiftSetting] = [.unsafeFlags(["-Xcc", "-march=x86-64-v3"])]
#else
    let processor: [SwiftSetting] = []
#endif
let strict: [SwiftSetting] =
    processor + [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .treatAllWarnings(as: .error),
    ]

let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")

let package = Package(
    name: "StateZero",
    dependencies: [
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    ],
    targets: [
        // 0 foreign
        .systemLibrary(name: "CZeroMQ", providers: [.apt(["libzmq3-dev"])]),
        .systemLibrary(name: "COneDNN", providers: [.apt(["libdnnl-dev"])]),
        .systemLibrary(name: "CZlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CZstd", providers: [.apt(["libzstd-dev"])]),
        // 1 foundations
        .target(name: "Scoring", dependencies: [crypto], swiftSettings: strict),
    ],
    swiftLanguageModes: [.v6]
)
