import Kernels

/// Bytes that a head needs, computed before any of them is allocated.
public struct TabPFNMemory: Sendable {
    private let configuration: TabPFNConfiguration
    private let ensemble: EnsembleConfiguration
    private let arithmetic: TabPFNArithmetic

    /// Of a head of these sizes.
    public init(
        _ configuration: TabPFNConfiguration, ensemble: EnsembleConfiguration,
        arithmetic: TabPFNArithmetic = TabPFNArithmetic()
    ) {
        self.configuration = configuration
        self.ensemble = ensemble
        self.arithmetic = arithmetic
    }

    /// Packed weights: a query product is kept twice, alone and with its keys and values.
    public var weights: Int {
        let c = configuration
        let layer = c.stride * (2 * c.wideStride + 3 * c.stride + 2 * c.innerStride)
        return c.layers * layer * arithmetic.precision.bytes
    }

    /// Keys and values of one context of N rows and F features, all members together: what `prepare` returns.
    public func context(rows: Int, features: Int) -> Int {
        let tokens = tokens(features)
        return ensemble.members * ((configuration.layers - 1) * store(rows, slots: tokens) + store(rows, slots: 1))
    }

    /// What `prepare` needs beside its result: the state of one member's table, and each thread's buffers.
    public func preparing(rows: Int, features: Int, threads: Int) -> Int {
        state(items(rows), features) + workspaces(rows, features, threads)
    }

    /// What `predict` needs for `queries` queries at a time.
    public func predicting(rows: Int, features: Int, queries: Int, threads: Int) -> Int {
        2 * state(min(queries, TabPFNHead.queriesPerRun), features) + workspaces(rows, features, threads)
    }

    /// What `predictWithoutContext` needs for `queries` queries at a time.
    public func withoutContext(rows: Int, features: Int, queries: Int, threads: Int) -> Int {
        state(items(rows), features) + 2 * state(queries, features) + store(rows, slots: tokens(features))
            + workspaces(rows, features, threads)
    }

    /// Queries that `predictWithoutContext` can answer at once within `limit` bytes, weights included; at least 1.
    public func queriesWithoutContext(rows: Int, features: Int, threads: Int, limit: Int) -> Int {
        let fixed = weights + withoutContext(rows: rows, features: features, queries: 0, threads: threads)
        return max(1, (limit - fixed) / (2 * state(1, features)))
    }

    private func tokens(_ features: Int) -> Int { configuration.groups(features: features) + 1 }

    private func items(_ rows: Int) -> Int { configuration.thinkingRows + rows }

    private func state(_ rows: Int, _ features: Int) -> Int {
        TableRows.bytes(rows: rows, tokens: tokens(features), stride: configuration.stride)
    }

    private func store(_ rows: Int, slots: Int) -> Int {
        TableKeysValues.bytes(
            slots: slots, length: items(rows), headWidth: configuration.headWidth, format: arithmetic.keysValues)
    }

    private func workspaces(_ rows: Int, _ features: Int, _ threads: Int) -> Int {
        threads
            * TabPFNWorkspace.bytes(
                configuration, tokens: tokens(features), items: items(rows), precision: arithmetic.precision)
    }
}
