/// The table of modules (Sources/README.md): their layers and what each may import. Think before you add an import.
struct Module {
    let name: String
    let layer: Int
    /// Modules of this package that it may import.
    let imports: Set<String>
    /// Libraries from outside it may use.
    var libraries: Set<String> = []
    /// Modules of the toolchain and the system. Modules that decide import none: no clock, file, lock or thread.
    var system: Set<String> = []

    static let all: [Module] = [
        Module(name: "CZeroMQ", layer: 0, imports: []),
        Module(name: "COneDNN", layer: 0, imports: []),
        Module(name: "CZlib", layer: 0, imports: []),
        Module(name: "CZstd", layer: 0, imports: []),
        Module(name: "WideKernels", layer: 0, imports: []),
        Module(name: "Threads", layer: 0, imports: [], system: ["Dispatch", "Foundation", "Glibc", "Synchronization"]),

        Module(name: "Scoring", layer: 1, imports: [], libraries: ["Crypto"]),
        Module(name: "JSON", layer: 1, imports: []),
        Module(name: "Reporting", layer: 1, imports: [], system: ["Foundation"]),
        Module(
            name: "Kernels", layer: 1, imports: ["COneDNN", "WideKernels"], system: ["Foundation", "Synchronization"]),
        Module(
            name: "MetricsExport", layer: 1, imports: [], libraries: ["CoreMetrics"], system: ["Synchronization"]),
        Module(
            name: "ZeroMQ", layer: 1, imports: ["CZeroMQ", "Threads"],
            system: ["Dispatch", "Foundation", "Glibc", "Synchronization"]),

        Module(name: "Tokenizers", layer: 2, imports: ["JSON"], system: ["Foundation", "Synchronization"]),
        Module(
            name: "Wire", layer: 2, imports: ["Scoring"], libraries: ["SwiftProtobuf"],
            system: ["Foundation", "FoundationEssentials"]),
        Module(name: "Planning", layer: 2, imports: ["Scoring"], system: ["Foundation"]),
        Module(name: "PredictionMetrics", layer: 2, imports: ["Scoring"], system: ["Foundation"]),
        Module(
            name: "ModelFiles", layer: 2, imports: ["Kernels", "Scoring"], libraries: ["Crypto"],
            system: ["Foundation"]),
        Module(
            name: "Corpora", layer: 2, imports: ["CZlib", "CZstd", "JSON", "Scoring"], libraries: ["Crypto", "GRDB"],
            system: ["Foundation"]),
        Module(
            name: "FeatureStore", layer: 2, imports: ["Scoring"], libraries: ["Crypto"],
            system: ["Foundation", "Synchronization"]),

        Module(
            name: "Encoders", layer: 3, imports: ["Kernels", "ModelFiles", "Scoring", "Threads", "Tokenizers"],
            libraries: ["Crypto"], system: ["Foundation", "Synchronization"]),
        Module(
            name: "Heads", layer: 3, imports: ["Kernels", "ModelFiles", "Scoring", "Threads"], libraries: ["Crypto"],
            system: ["Foundation", "Synchronization"]),
        Module(
            name: "Cluster", layer: 3, imports: ["Planning", "Scoring", "Wire"],
            libraries: ["DequeModule", "OrderedCollections"]),
        Module(
            name: "Evaluation", layer: 3, imports: ["Planning", "PredictionMetrics", "Reporting", "Scoring"],
            system: ["Foundation"]),
        Module(
            name: "Replaying", layer: 3, imports: ["Planning", "PredictionMetrics", "Reporting", "Scoring"],
            system: ["Foundation"]),
        Module(
            name: "Routing", layer: 3, imports: ["JSON", "PredictionMetrics", "Reporting", "Scoring"], libraries: ["Yams"],
            system: ["Foundation"]),

        Module(
            name: "Models", layer: 4,
            imports: ["Encoders", "Heads", "Kernels", "ModelFiles", "Scoring", "Threads", "Tokenizers"],
            libraries: ["Crypto"],
            system: ["Foundation", "Synchronization"]),
        Module(
            name: "CoordinatorNode", layer: 4,
            imports: ["Cluster", "Planning", "Scoring", "Threads", "Wire", "ZeroMQ"],
            libraries: ["GRDB", "Logging"], system: ["Foundation", "Synchronization"]),
        Module(
            name: "WorkerNode", layer: 4, imports: ["Cluster", "FeatureStore", "Scoring", "Threads", "Wire", "ZeroMQ"],
            libraries: ["Logging"], system: ["Foundation", "Synchronization"]),
        Module(
            name: "RolloutNode", layer: 4, imports: ["Cluster", "Corpora", "Scoring", "Threads", "Wire", "ZeroMQ"],
            libraries: ["Logging"], system: ["Foundation", "Glibc", "Synchronization"]),
        Module(
            name: "ClientNode", layer: 4, imports: ["Cluster", "Corpora", "Scoring", "Threads", "Wire", "ZeroMQ"],
            libraries: ["Logging"], system: ["Foundation", "Synchronization"]),
        Module(
            name: "HTTPServing", layer: 2, imports: ["MetricsExport"],
            libraries: ["CoreMetrics", "HTTPTypes", "Hummingbird", "NIOCore"],
            system: ["Dispatch", "Foundation", "Synchronization"]),
        Module(
            name: "CoordinatorHTTP", layer: 4,
            imports: ["Cluster", "HTTPServing", "JSON", "MetricsExport", "Scoring", "Wire"],
            libraries: ["HTTPTypes", "Hummingbird", "HummingbirdCore", "Logging", "NIOCore", "ServiceLifecycle"],
            system: ["Foundation"]),
        Module(
            name: "RouterHTTP", layer: 4,
            imports: ["Corpora", "HTTPServing", "MetricsExport", "Routing", "Scoring", "Threads"],
            libraries: [
                "AsyncHTTPClient", "CoreMetrics", "GRDB", "HTTPTypes", "Hummingbird", "Logging", "NIOCore", "NIOHTTP1",
            ],
            system: ["Foundation", "Synchronization"]),
        Module(
            name: "Simulation", layer: 4, imports: ["Cluster", "Scoring", "Wire"], libraries: ["HeapModule"],
            system: ["Foundation"]),

        Module(
            name: "CommandSupport", layer: 5,
            imports: ["Encoders", "Kernels", "Models", "Scoring", "Simulation"],
            libraries: ["ArgumentParser", "Logging"], system: ["Dispatch", "Foundation"]),
        Module(
            name: "Benchmarks", layer: 6,
            imports: [
                "ClientNode", "Cluster", "CommandSupport", "Encoders", "Heads", "Kernels", "ModelFiles", "Models",
                "Planning", "RolloutNode", "Scoring", "Threads", "Wire", "ZeroMQ",
            ],
            libraries: ["ArgumentParser", "Logging"], system: ["Foundation", "Synchronization"]),
        Module(
            name: "CLI", layer: 6,
            imports: [
                "ClientNode", "Cluster", "CommandSupport", "CoordinatorHTTP", "CoordinatorNode", "Corpora", "Encoders",
                "Evaluation", "FeatureStore", "HTTPServing", "Kernels", "ModelFiles", "Models", "Planning", "Replaying",
                "RolloutNode", "RouterHTTP", "Routing", "Scoring", "Threads", "Wire", "WorkerNode", "ZeroMQ",
            ],
            libraries: ["ArgumentParser", "Crypto", "Logging"],
            system: ["Dispatch", "Foundation", "FoundationNetworking", "Glibc", "Synchronization"]),
    ]

    static func named(_ name: some StringProtocol) -> Module? { all.first { $0.name == name } }
}
