// swift-tools-version: 6.2
import PackageDescription

// Sources/README.md describes the modules and their layers; scripts/check checks them.

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
// The inner loops of Kernels/Vectors once more, for processors with AVX-512; `Vectors` asks before it calls them.
#if arch(x86_64)
    let wide: [SwiftSetting] = [.unsafeFlags(["-Xcc", "-march=x86-64-v4"]), .define("WIDE")] + strict.dropFirst()
#else
    let wide: [SwiftSetting] = [.define("WIDE")] + strict
#endif

let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let deque: Target.Dependency = .product(name: "DequeModule", package: "swift-collections")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let hummingbirdCore: Target.Dependency = .product(name: "HummingbirdCore", package: "hummingbird")
let httpTypes: Target.Dependency = .product(name: "HTTPTypes", package: "swift-http-types")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let heap: Target.Dependency = .product(name: "HeapModule", package: "swift-collections")
let httpClient: Target.Dependency = .product(name: "AsyncHTTPClient", package: "async-http-client")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let metrics: Target.Dependency = .product(name: "CoreMetrics", package: "swift-metrics")
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let nioTLS: Target.Dependency = .product(name: "NIOTLS", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let orderedCollections: Target.Dependency = .product(name: "OrderedCollections", package: "swift-collections")
let unixSignals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let protobuf: Target.Dependency = .product(name: "SwiftProtobuf", package: "swift-protobuf")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")

// Put in a folder beside the program; CompactHeadFile says where else they may lie.
let resources: [String: [Resource]] = [
    "Heads": [.copy("Compact/Resources/compact-head.safetensors")],
    // Web pages: part of the program, so that no path can be wrong.
    "HTTPServing": ["html", "css", "js"].map { .embedInCode("Pages/Resources/page.\($0)") },
    "CoordinatorHTTP": ["html", "js"].map { .embedInCode("Page/Resources/coordinator.\($0)") },
    "RouterHTTP": ["html", "js"].map { .embedInCode("Page/Resources/router.\($0)") },
]

func module(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, resources: resources[name] ?? [], swiftSettings: strict)
}

// STATEZERO_TESTS=PlanningTests,WireTests builds these test targets alone: seconds instead of minutes after an edit.
let onlyTests = Context.environment["STATEZERO_TESTS"].map { Set($0.split(separator: ",").map(String.init)) }

// Files that tests read in place.
let snapshots: [String: [String]] = [
    "CoordinatorHTTPTests": ["Snapshots"], "HTTPServingTests": ["Snapshots"], "RouterHTTPTests": ["Snapshots"],
]

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(
        name: name, dependencies: ["TestSupport"] + dependencies, exclude: snapshots[name] ?? [], swiftSettings: strict)
}

let package = Package(
    name: "StateZero",
    products: [
        .executable(name: "statezero", targets: ["CLI"]),
        .executable(name: "statezero-bench", targets: ["Benchmarks"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
        .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.26.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
    ],
    targets: [
        // 0 foreign
        // Headers only: the library behind them is loaded at run time.
        .systemLibrary(name: "CArrow", path: "Sources/C/CArrow"),
        .systemLibrary(name: "CZeroMQ", path: "Sources/C/CZeroMQ", providers: [.apt(["libzmq3-dev"])]),
        .systemLibrary(name: "COneDNN", path: "Sources/C/COneDNN", providers: [.apt(["libdnnl-dev"])]),
        .systemLibrary(name: "CZlib", path: "Sources/C/CZlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CZstd", path: "Sources/C/CZstd", providers: [.apt(["libzstd-dev"])]),
        .target(name: "WideKernels", swiftSettings: wide),
        module("Threads", []),
        // 1 foundations
        module("Scoring", [crypto]),
        module("JSON", []),
        module("SQLite", [grdb]),
        module("Kernels", ["COneDNN", "WideKernels"]),
        module("ZeroMQ", ["CZeroMQ", "Threads"]),
        module("Reporting", []),
        module("MetricsExport", [metrics]),
        module("Traces", []),
        // 2 meaning
        module("Tokenizers", ["JSON", "Scoring"]),
        module("Wire", ["Scoring", "Traces", protobuf]),
        module("Planning", ["Scoring"]),
        module("PredictionMetrics", ["Scoring"]),
        module("ReferenceDraws", ["Scoring"]),
        module("ModelFiles", ["Scoring", "Kernels", crypto]),
        module("Keys", ["Scoring", "ZeroMQ"]),
        module("Corpora", ["Scoring", "JSON", "SQLite", "CZlib", "CZstd", crypto, grdb]),
        module("FeatureStore", ["Scoring", crypto]),
        module("Similarity", ["Kernels", "Scoring"]),
        // 3 decisions, and the parts of models
        module("Encoders", ["Scoring", "Tokenizers", "Kernels", "ModelFiles", "Threads", crypto]),
        module("Heads", ["Scoring", "Kernels", "ModelFiles", "Threads", crypto]),
        module("Transport", ["Wire", "Threads", "ZeroMQ", logging]),
        module("Cluster", ["Scoring", "Wire", "Planning", deque, orderedCollections]),
        module("ArrowFiles", ["CArrow", "Scoring", "JSON", "Corpora", crypto]),
        module("Evaluation", ["Scoring", "Planning", "PredictionMetrics", "ReferenceDraws", "Reporting"]),
        module("Replaying", ["Scoring", "Planning", "PredictionMetrics", "ReferenceDraws", "Reporting"]),
        module("Routing", ["Scoring", "JSON", "Corpora", "PredictionMetrics", "ReferenceDraws", "Reporting", yams]),
        // 4 drivers, and whole models
        module("ObjectStorage", ["Corpora", "Scoring", "Threads", crypto, httpClient, nioCore, nioHTTP1]),
        module("Models", ["Scoring", "Kernels", "ModelFiles", "Encoders", "Heads", crypto]),
        module(
            "CoordinatorNode",
            [
                "Scoring", "SQLite", "Wire", "Planning", "Cluster", "Keys", "Threads", "Traces", "Transport", "ZeroMQ",
                crypto, deque, grdb, logging,
            ]),
        module(
            "WorkerNode",
            [
                "Scoring", "JSON", "Wire", "Corpora", "FeatureStore", "Cluster", "Threads", "Traces", "Transport",
                "ZeroMQ", logging,
            ]),
        module(
            "RolloutNode",
            ["Scoring", "JSON", "Wire", "Cluster", "Corpora", "Threads", "Traces", "Transport", "ZeroMQ", logging]),
        module(
            "ClientNode",
            [
                "Scoring", "Wire", "Planning", "Heads", "Cluster", "Corpora", "Threads", "Traces", "Transport",
                "ZeroMQ",
                logging,
            ]),
        module(
            "HTTPServing",
            [
                "Keys", "MetricsExport", "Scoring", "Traces", metrics, hummingbird, hummingbirdCore, httpTypes,
                lifecycle, logging, nioCore, nioHTTP1, nioSSL, nioTLS,
            ]),
        module(
            "CoordinatorHTTP",
            [
                "Scoring", "Wire", "Cluster", "JSON", "HTTPServing", "Keys", "MetricsExport", "Traces", httpTypes,
                hummingbird, hummingbirdCore, lifecycle, logging, metrics, nioCore,
            ]),
        module(
            "RouterHTTP",
            [
                "Scoring", "JSON", "SQLite", "Routing", "Corpora", "FeatureStore", "Threads", "HTTPServing", "Keys",
                "MetricsExport", "Traces", metrics, grdb, httpClient, hummingbird, lifecycle, logging, nioCore,
                nioHTTP1, httpTypes, unixSignals,
            ]),
        module("Simulation", ["Scoring", "Wire", "Cluster", heap]),
        module("TraceExport", ["Threads", "Traces", httpClient, logging, nioCore, nioHTTP1, protobuf]),
        module(
            "RemoteEncoding",
            ["Scoring", "JSON", "Encoders", "HTTPServing", "Threads", httpClient, nioCore, nioHTTP1, nioPosix]),
        // 5 programs
        module(
            "CommandSupport",
            [
                "Scoring", "JSON", "Kernels", "Encoders", "Models", "RemoteEncoding", "Simulation", "Threads",
                "TraceExport", "Traces", argumentParser, crypto, logging, yams,
            ]),
        .executableTarget(
            name: "CLI",
            dependencies: [
                "ArrowFiles", "ObjectStorage", "Scoring", "Planning", "Models", "Encoders", "ModelFiles", "Kernels",
                "Corpora", "Cluster",
                "Evaluation",
                "ReferenceDraws", "Replaying", "Routing", "Similarity", "Wire", "FeatureStore", "CoordinatorNode",
                "WorkerNode",
                "RolloutNode",
                "ClientNode",
                "CoordinatorHTTP", "HTTPServing", "RouterHTTP", "Threads", "Transport", "ZeroMQ", "CommandSupport",
                "JSON",
                "Keys", "Reporting", "TraceExport", "Traces",
                argumentParser, httpClient, logging, nioCore, nioHTTP1, nioSSL,
            ], swiftSettings: strict),
        .executableTarget(
            name: "Benchmarks",
            dependencies: [
                "ArrowFiles", "JSON", "Scoring", "Planning", "Encoders", "Heads", "ModelFiles", "Models", "Kernels",
                "Cluster", "Wire",
                "RolloutNode", "ClientNode", "Threads", "Transport", "ZeroMQ", "CommandSupport", "Corpora",
                argumentParser, logging,
            ], swiftSettings: strict),

        .target(
            name: "TestSupport",
            dependencies: ["Threads", "Transport", "Wire", "ZeroMQ", httpClient, logging, nioCore, nioHTTP1, nioSSL],
            path: "Tests/TestSupport", swiftSettings: strict),
        .target(
            name: "FuzzTargets",
            dependencies: [
                "ArrowFiles", "Cluster", "CommandSupport", "CoordinatorHTTP", "CoordinatorNode", "Corpora",
                "HTTPServing", "Heads", "JSON", "Keys", "ModelFiles", "ObjectStorage", "RemoteEncoding", "Routing",
                "Scoring", "Tokenizers", "Wire", argumentParser, grdb,
            ], path: "Tests/FuzzTargets", swiftSettings: strict),
        tests("FuzzTests", ["FuzzTargets"]),
        tests("JSONTests", ["JSON"]),
        tests("SQLiteTests", ["SQLite", grdb]),
        tests("ScoringTests", ["Scoring", crypto]),
        tests(
            "CoordinatorNodeTests",
            [
                "CoordinatorNode", "Cluster", "Keys", "Planning", "Scoring", "Simulation", "Threads", "Traces",
                "Transport", "Wire", "ZeroMQ", grdb, logging,
            ]),
        tests("ThreadsTests", ["Threads"]),
        tests("ZeroMQTests", ["Threads", "ZeroMQ"]),
        tests("KeysTests", ["Keys", "ZeroMQ"]),
        tests("TransportTests", ["Scoring", "Threads", "Transport", "Wire", "ZeroMQ", logging]),
        tests(
            "ClientNodeTests", ["ClientNode", "Cluster", "Corpora", "Scoring", "Threads", "Wire", "ZeroMQ", logging]),
        tests("TokenizersTests", ["Tokenizers", "Scoring"]),
        tests("KernelsTests", ["Kernels", "Scoring", "WideKernels"]),
        tests("PlanningTests", ["Planning", "Scoring"]),
        tests("PredictionMetricsTests", ["PredictionMetrics", "Scoring"]),
        tests("ReferenceDrawsTests", ["ReferenceDraws", "Scoring"]),
        tests("ReportingTests", ["Reporting"]),
        tests("ModelFilesTests", ["ModelFiles", "Kernels"]),
        tests("EncodersTests", ["Encoders", "ModelFiles", "Scoring", "Kernels"]),
        tests("HeadsTests", ["Heads", "ModelFiles", "Scoring", "Kernels"]),
        tests("ModelsTests", ["Models", "Encoders", "Heads", "ModelFiles", "Scoring", "Kernels"]),
        tests("CorporaTests", ["Corpora", "Scoring", "CZlib", "CZstd", grdb]),
        tests("ObjectStorageTests", ["ObjectStorage"]),
        tests("ArrowFilesTests", ["ArrowFiles", "CArrow", "Corpora", "JSON", "Scoring"]),
        tests("EvaluationTests", ["Evaluation", "Planning", "PredictionMetrics", "ReferenceDraws", "Scoring"]),
        tests("ReplayingTests", ["Replaying", "Planning", "PredictionMetrics", "ReferenceDraws", "Scoring"]),
        tests("RoutingTests", ["Routing", "Scoring", "Corpora"]),
        tests(
            "RouterHTTPTests",
            [
                "RouterHTTP", "Routing", "Corpora", "HTTPServing", "Keys", "Scoring", "Traces", httpClient, hummingbird,
                lifecycle,
                logging,
                nioCore, nioHTTP1, nioPosix, httpTypes,
            ]),
        tests("FeatureStoreTests", ["FeatureStore", "Scoring"]),
        tests("SimilarityTests", ["Similarity", "Scoring"]),
        tests(
            "WorkerNodeTests",
            ["WorkerNode", "Cluster", "Corpora", "Scoring", "FeatureStore", "Threads", "Wire", "ZeroMQ", logging]),
        tests("WireTests", ["Wire", "Scoring", "Traces"]),
        tests("ClusterTests", ["Cluster", "Scoring", "Wire"]),
        tests("SimulationTests", ["Simulation", "Cluster", "Scoring", "Wire"]),
        tests(
            "RemoteEncodingTests",
            [
                "RemoteEncoding", "Encoders", "HTTPServing", "Scoring", "Threads", hummingbird, httpTypes, lifecycle,
                logging, nioCore,
            ]),
        tests("MetricsExportTests", ["MetricsExport", metrics]),
        tests("TracesTests", ["Traces"]),
        tests(
            "TraceExportTests",
            [
                "TraceExport", "Traces", "ClientNode", "Cluster", "CoordinatorNode", "Corpora", "Scoring",
                "Simulation", "Threads", "Wire", "WorkerNode", "ZeroMQ", httpTypes, hummingbird, lifecycle, logging,
                nioCore, protobuf,
            ]),
        tests(
            "HTTPServingTests",
            [
                "HTTPServing", "MetricsExport", "Traces", hummingbird, hummingbirdCore, httpTypes, lifecycle, logging,
                nioCore, nioHTTP1, nioPosix, nioSSL,
            ]),
        tests(
            "CoordinatorHTTPTests",
            ["CoordinatorHTTP", "HTTPServing", "Keys", "Scoring", "Planning", "Wire", "Cluster", logging, yams]),
        tests(
            "RolloutNodeTests", ["RolloutNode", "Cluster", "Corpora", "Scoring", "Wire", "Threads", "ZeroMQ", logging]),
        tests("ChaosTests", []),
        tests(
            "BenchmarksTests",
            ["Benchmarks", "CommandSupport", "Encoders", "ModelFiles", "Kernels", "Planning", argumentParser]),
        tests(
            "CLITests",
            [
                "CLI", "JSON", "CommandSupport", "ClientNode", "Encoders", "Kernels", "Models", "RolloutNode",
                "Scoring",
                "WorkerNode", "ZeroMQ", argumentParser, logging,
            ]),
    ],
    swiftLanguageModes: [.v6]
)

if let onlyTests { package.targets.removeAll { $0.type == .test && !onlyTests.contains($0.name) } }

// STATEZERO_FUZZ=1 adds the driver of libFuzzer; see scripts/fuzz/README.md.
if Context.environment["STATEZERO_FUZZ"] != nil {
    package.targets += [
        .executableTarget(
            name: "fuzz", dependencies: ["FuzzTargets"], path: "scripts/fuzz/driver", swiftSettings: strict)
    ]
}
