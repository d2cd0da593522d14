/// The table of rooms (Sources/README.md): layers, and the doors that exist. A new door is opened here, with thought.
struct Room {
    let name: String
    let layer: Int
    /// Rooms it may enter.
    let doors: Set<String>
    /// Libraries from outside it may use.
    var libraries: Set<String> = []
    /// What the toolchain and the system bring. A room of decisions gets none of it: no clock, file, lock or thread.
    var system: Set<String> = []

    static let all: [Room] = [
        Room(name: "CZeroMQ", layer: 0, doors: []),
        Room(name: "COneDNN", layer: 0, doors: []),
        Room(name: "CZlib", layer: 0, doors: []),
        Room(name: "CZstd", layer: 0, doors: []),

        Room(name: "Scoring", layer: 1, doors: [], libraries: ["Crypto"]),
        Room(name: "Tokenizers", layer: 1, doors: [], system: ["Foundation", "Synchronization"]),
        Room(name: "WideKernels", layer: 0, doors: []),
        Room(name: "Kernels", layer: 1, doors: ["COneDNN", "WideKernels"], system: ["Foundation", "Synchronization"]),
        Room(
            name: "ZeroMQ", layer: 1, doors: ["CZeroMQ"],
            system: ["Dispatch", "Foundation", "Glibc", "Synchronization"]),

        Room(
            name: "Wire", layer: 2, doors: ["Scoring"], libraries: ["SwiftProtobuf"],
            system: ["Foundation", "FoundationEssentials"]),
        Room(name: "Planning", layer: 2, doors: ["Scoring"], system: ["Foundation"]),
        Room(
            name: "Inference", layer: 2, doors: ["Kernels", "Scoring", "Tokenizers"], libraries: ["Crypto"],
            system: ["Dispatch", "Foundation", "Synchronization"]),
        Room(
            name: "Corpora", layer: 2, doors: ["CZlib", "CZstd", "Scoring"], libraries: ["Crypto", "GRDB"],
            system: ["Foundation"]),
        Room(
            name: "Storeroom", layer: 2, doors: ["Scoring"], libraries: ["Crypto"],
            system: ["Foundation", "Synchronization"]),

        Room(
            name: "Cluster", layer: 3, doors: ["Planning", "Scoring", "Wire"],
            libraries: ["DequeModule", "OrderedCollections"]),
        Room(name: "Evaluation", layer: 3, doors: ["Planning", "Scoring"], system: ["Foundation"]),
        Room(name: "Replaying", layer: 3, doors: ["Planning", "Scoring"]),
        Room(
            name: "Routing", layer: 3, doors: ["Planning", "Scoring"], libraries: ["Yams"], system: ["Foundation"]),

        Room(
            name: "CoordinatorNode", layer: 4, doors: ["Cluster", "Planning", "Scoring", "Wire", "ZeroMQ"],
            libraries: ["GRDB", "Logging"], system: ["Foundation", "Synchronization"]),
        Room(
            name: "WorkerNode", layer: 4, doors: ["Cluster", "Scoring", "Storeroom", "Wire", "ZeroMQ"],
            libraries: ["Logging"], system: ["Foundation", "Synchronization"]),
        Room(
            name: "RolloutNode", layer: 4, doors: ["Cluster", "Corpora", "Scoring", "Wire", "ZeroMQ"],
            libraries: ["Logging"], system: ["Foundation", "Glibc", "Synchronization"]),
        Room(
            name: "ClientNode", layer: 4, doors: ["Cluster", "Corpora", "Scoring", "Wire", "ZeroMQ"],
            libraries: ["Logging"], system: ["Foundation", "Synchronization"]),
        Room(
            name: "HTTPNode", layer: 4, doors: ["Cluster", "Corpora", "Planning", "Scoring", "Wire"],
            libraries: ["HTTPTypes", "Hummingbird", "HummingbirdCore", "Logging", "NIOCore", "ServiceLifecycle"],
            system: ["Dispatch", "Foundation", "Synchronization"]),
        Room(
            name: "RouteNode", layer: 4, doors: ["Corpora", "Routing", "Scoring", "ZeroMQ"],
            libraries: ["AsyncHTTPClient", "GRDB", "HTTPTypes", "Hummingbird", "Logging", "NIOCore", "NIOHTTP1"],
            system: ["Foundation", "Synchronization"]),
        Room(
            name: "Simulation", layer: 4, doors: ["Cluster", "Scoring", "Wire"], libraries: ["HeapModule"],
            system: ["Foundation"]),

        Room(
            name: "CLI", layer: 5,
            doors: [
                "ClientNode", "Cluster", "CoordinatorNode", "Corpora", "Evaluation", "HTTPNode", "Inference", "Kernels",
                "Planning", "Replaying", "RolloutNode", "RouteNode", "Routing", "Scoring", "Simulation", "Storeroom",
                "Wire", "WorkerNode", "ZeroMQ",
            ],
            libraries: ["ArgumentParser", "Crypto", "Logging"],
            system: ["Dispatch", "Foundation", "FoundationNetworking", "Glibc", "Synchronization"]),
    ]

    static func named(_ name: some StringProtocol) -> Room? { all.first { $0.name == name } }
}
