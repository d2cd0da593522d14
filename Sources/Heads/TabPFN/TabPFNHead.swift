import Kernels
public import ModelFiles
public import Scoring

/// The in-context head of V0: TabPFN v2.5 as a classifier of (prompt features, success) pairs, an ensemble of E tables
/// that differ in the order of their columns and in one extra column.
///
/// Context rows never attend to queries, so a context is read once (`prepare`, the expensive part) and each query then
/// attends to the keys and values that were kept of it. **A query's answer has the same bits** alone, in any batch, on
/// any number of threads, with the context kept or not.
///
/// A head belongs to one thread at a time; its own helper threads live only during a call.
public final class TabPFNHead {
    /// Queries that go through the layers together: enough that keys and values are read rarely; 32 MB for V0.
    public static let queriesPerRun = 64

    /// Sizes.
    public let configuration: TabPFNConfiguration
    /// The ensemble.
    public let ensemble: EnsembleConfiguration
    /// Everything about the arithmetic that may change the last digit: to be part of a model's fingerprint.
    public var numerics: String { weights.numerics }
    /// Called on the caller's thread after each layer of each member: every second or so for V0 on two cores, and less
    /// often only for more than 200 queries at once without a context kept.
    public var progress: () -> Void = {}
    /// For tests: called with each sublayer's result, on the thread that computed it.
    package var trace: TabPFNTrace?

    private let weights: TabPFNWeights
    private let threads: Int

    /// Loads and packs the weights, named as in the reference's checkpoint, from a safetensors file.
    ///
    /// Throws what is wrong with the sizes or the weights: `unsupported`, `tensorMissing`, `tensorShape`, `tensorType`,
    /// `kernel`. Cost: under a second for V0.
    public init(
        weights file: SafetensorsFile, configuration: TabPFNConfiguration,
        ensemble: EnsembleConfiguration = EnsembleConfiguration(),
        arithmetic: TabPFNArithmetic = TabPFNArithmetic(), threads: Int = 1
    ) throws(ModelError) {
        precondition(threads >= 1, "TabPFNHead: \(threads) threads")
        try configuration.check(file: file.path)
        try ensemble.check(file: file.path)
        self.configuration = configuration
        self.ensemble = ensemble
        self.threads = threads
        weights = try TabPFNWeights(TabPFNTensors(file, configuration), arithmetic)
    }

    /// Bytes that this head needs for given sizes.
    public var memory: TabPFNMemory {
        TabPFNMemory(configuration, ensemble: ensemble, arithmetic: weights.arithmetic)
    }

    /// Reads a context: `(N, F)` features as they come and N labels.
    ///
    /// Throws `count`, `notFinite`, `constantContext`, `tooManyColumns` and `kernel`. Cost: 14 TFLOP and 5 GB for 256
    /// rows of 1,008 features, four members; `memory` gives both beforehand.
    public func prepare(
        _ features: FeatureMatrix, labels: [Bool], fingerprints: RowHashMode = .reference
    ) throws(TabPFNError) -> TabPFNContext {
        let standardisation = try TableStandardisation(features)
        return try prepare(
            standardised: try standardisation.apply(features), labels: labels, fingerprints: fingerprints,
            standardisation: standardisation)
    }

    /// The same for features that were standardised already, as another program's bits are for a comparison.
    public func prepare(
        standardised features: FeatureMatrix, labels: [Bool], fingerprints: RowHashMode = .reference
    ) throws(TabPFNError) -> TabPFNContext {
        try TableStandardisation.checkFinite(features, stage: "context features")
        return try prepare(
            standardised: features, labels: labels, fingerprints: fingerprints, standardisation: nil)
    }

    /// Answers queries, `(M, F)` features as they come; in a context given standardised, standardised too.
    ///
    /// `fingerprints` is the context's mode unless given. Throws `width`, `count`, `notFinite` and `kernel`.
    /// Cost: 40 GFLOP a query for V0.
    public func predict(
        _ queries: FeatureMatrix, in context: TabPFNContext, fingerprints: RowHashMode? = nil
    ) throws(TabPFNError) -> TabPFNAnswer {
        let features = try standardise(queries, context.standardisation, columns: context.features)
        var logits: [[[Float]]] = []
        for index in context.plan.members.indices {
            let table = try MemberTable(
                features, role: .queries, plan: context.plan, member: index,
                fingerprints: fingerprints ?? context.fingerprints)
            logits.append(try answer(table, member: context.members[index], context))
        }
        return TabPFNAnswer(rawLogits: logits, temperature: ensemble.temperature)
    }

    /// Answers queries without keeping anything of the context: the same bits as `prepare` and `predict`, in the memory
    /// that `TabPFNMemory.withoutContext` gives, at the cost of reading the context again for every run of queries.
    ///
    /// `bytesMax` bounds the memory of weights, states and buffers together by answering fewer queries at a time; it is
    /// not kept when a single query needs more.
    public func predictWithoutContext(
        _ queries: FeatureMatrix, context features: FeatureMatrix, labels: [Bool],
        fingerprints: RowHashMode = .reference, bytesMax: Int = 900_000_000
    ) throws(TabPFNError) -> TabPFNAnswer {
        let standardisation = try TableStandardisation(features)
        let context = try standardisation.apply(features)
        let asked = try standardisation.apply(queries)
        let (labels, mean) = try check(labels, rows: context.rows)
        let plan = EnsemblePlan(seed: ensemble.seed, members: ensemble.members, columns: context.columns)
        let positions = try positions(features: context.columns)
        let atOnce = memory.queriesWithoutContext(
            rows: context.rows, features: context.columns, threads: threads, limit: bytesMax)
        var logits: [[[Float]]] = []
        for index in plan.members.indices {
            let table = try MemberTable(
                context, role: .context, plan: plan, member: index, fingerprints: fingerprints)
            let questions = try MemberTable(
                asked, role: .queries, plan: plan, member: index, fingerprints: fingerprints)
            logits.append(
                try answer(questions, from: table, labels, mean: mean, positions: positions, atOnce: atOnce))
        }
        return TabPFNAnswer(rawLogits: logits, temperature: ensemble.temperature)
    }

    // MARK: - One table

    /// The classifier alone, for one table without preprocessing: `(M, classes)` logits.
    package func logits(
        context table: MemberTable, labels: [Float], queries: MemberTable
    ) throws(TabPFNError) -> [[Float]] {
        let groups = (table.columns + configuration.columnsPerGroup - 1) / configuration.columnsPerGroup
        let positions = try weights.positions(columns: table.columns, groups: groups)
        let mean = labels.reduce(0, +) / Float(labels.count)
        return try answer(
            queries, from: table, labels, mean: mean, positions: positions, atOnce: max(queries.rows, 1))
    }

    /// A table's tokens before column embeddings, by row: `(groups + 1, width)`; labels of context rows only.
    package func tokens(
        context table: MemberTable, labels: [Float], queries: MemberTable
    ) throws(TabPFNError) -> [[Float]] {
        let scaling = scaling(table)
        let mean = labels.reduce(0, +) / Float(labels.count)
        let scratch = TableEncoder.Scratch(configuration, groups: scaling.groups)
        let stride = configuration.stride
        let buffer = FloatBuffer(
            count: MatrixMultiply.rowsRoundedUp(scaling.groups + 1) * stride)
        return try Self.kernels { () throws(KernelError) in
            var found: [[Float]] = []
            for row in 0..<table.rows + queries.rows {
                let isContext = row < table.rows
                try weights.encoder.encode(
                    isContext ? table[row] : queries[row - table.rows], scaling: scaling,
                    target: isContext ? .label(labels[row]) : .asked(mean: mean), positions: nil, into: buffer, scratch)
                found.append(
                    (0...scaling.groups).flatMap { token in
                        buffer.copy(token * stride..<token * stride + configuration.width)
                    })
            }
            return found
        }
    }

    // MARK: - Inside

    private func prepare(
        standardised features: FeatureMatrix, labels: [Bool], fingerprints: RowHashMode,
        standardisation: TableStandardisation?
    ) throws(TabPFNError) -> TabPFNContext {
        let (labels, mean) = try check(labels, rows: features.rows)
        let plan = EnsemblePlan(seed: ensemble.seed, members: ensemble.members, columns: features.columns)
        let positions = try positions(features: features.columns)
        let items = configuration.thinkingRows + features.rows
        let tokens = configuration.groups(features: features.columns) + 1
        let layers = try Self.kernels { () throws(KernelError) in
            TabPFNLayers(weights: weights, team: try team(tokens: tokens, items: items))
        }
        let rows = TableRows(rows: items, tokens: tokens, stride: configuration.stride)
        var members: [TabPFNContext.Member] = []
        for index in plan.members.indices {
            let table = try MemberTable(
                features, role: .context, plan: plan, member: index, fingerprints: fingerprints)
            let scaling = scaling(table)
            var kept: [TableKeysValues] = []
            try Self.kernels { () throws(KernelError) in
                try layers.encode(context: table, labels: labels, scaling: scaling, positions: positions, into: rows)
                for layer in 0..<configuration.layers {
                    let store = store(items: items, slots: layer < configuration.layers - 1 ? tokens : 1)
                    try layers.advance(layer, context: rows, keeping: store)
                    kept.append(store)
                    progress()
                }
            }
            members.append(TabPFNContext.Member(scaling: scaling, layers: kept))
        }
        return TabPFNContext(
            rows: features.rows, features: features.columns,
            bytes: memory.context(rows: features.rows, features: features.columns), standardisation: standardisation,
            fingerprints: fingerprints, plan: plan, labelMean: mean, positions: positions, members: members)
    }

    // One member's logits of queries, against what was kept.
    private func answer(
        _ table: MemberTable, member: TabPFNContext.Member, _ context: TabPFNContext
    ) throws(TabPFNError) -> [[Float]] {
        guard table.rows > 0 else { return [] }
        let tokens = member.scaling.groups + 1
        let atOnce = min(Self.queriesPerRun, table.rows)
        let queries = TableRows(rows: atOnce, tokens: tokens, stride: configuration.stride)
        let asked = TableRows(rows: atOnce, tokens: tokens, stride: configuration.stride)
        return try Self.kernels { () throws(KernelError) in
            let layers = TabPFNLayers(
                weights: weights,
                team: try team(tokens: tokens, items: configuration.thinkingRows + context.rows))
            var logits: [[Float]] = []
            for first in stride(from: 0, to: table.rows, by: atOnce) {
                let part = table[first..<min(first + atOnce, table.rows)]
                try layers.encode(
                    queries: part, labelMean: context.labelMean, scaling: member.scaling, positions: context.positions,
                    into: queries)
                for layer in 0..<configuration.layers - 1 {
                    try layers.advance(
                        layer, queries: queries, asked: asked, count: part.rows, reading: member.layers[layer])
                    progress()
                }
                logits += try layers.conclude(
                    queries: queries, asked: asked, count: part.rows, reading: member.layers[configuration.layers - 1])
            }
            return logits
        }
    }

    // One member's logits of queries; context and queries go through the layers side by side.
    private func answer(
        _ table: MemberTable, from context: MemberTable, _ labels: [Float], mean: Float, positions: FloatBuffer,
        atOnce: Int
    ) throws(TabPFNError) -> [[Float]] {
        guard table.rows > 0 else { return [] }
        let scaling = scaling(context)
        let tokens = scaling.groups + 1
        let items = configuration.thinkingRows + context.rows
        let atOnce = min(atOnce, table.rows)
        return try Self.kernels { () throws(KernelError) in
            let layers = TabPFNLayers(weights: weights, team: try team(tokens: tokens, items: items))
            let rows = TableRows(rows: items, tokens: tokens, stride: configuration.stride)
            let queries = TableRows(rows: atOnce, tokens: tokens, stride: configuration.stride)
            let asked = TableRows(rows: atOnce, tokens: tokens, stride: configuration.stride)
            let store = store(items: items, slots: tokens)
            var logits: [[Float]] = []
            for first in stride(from: 0, to: table.rows, by: atOnce) {
                let part = table[first..<min(first + atOnce, table.rows)]
                try layers.encode(context: context, labels: labels, scaling: scaling, positions: positions, into: rows)
                try layers.encode(
                    queries: part, labelMean: mean, scaling: scaling, positions: positions, into: queries)
                for layer in 0..<configuration.layers {
                    try layers.advance(layer, context: rows, keeping: store)
                    progress()
                    if layer < configuration.layers - 1 {
                        try layers.advance(layer, queries: queries, asked: asked, count: part.rows, reading: store)
                    } else {
                        logits += try layers.conclude(
                            queries: queries, asked: asked, count: part.rows, reading: store)
                    }
                    progress()
                }
            }
            return logits
        }
    }

    private func scaling(_ table: MemberTable) -> TableScaling {
        TableScaling(
            context: table.values, rows: table.rows, columns: table.columns, perGroup: configuration.columnsPerGroup,
            sigma: configuration.outlierSigma)
    }

    private func store(items: Int, slots: Int) -> TableKeysValues {
        TableKeysValues(
            slots: slots, length: items, headWidth: configuration.headWidth, format: weights.arithmetic.keysValues)
    }

    private func team(tokens: Int, items: Int) throws(KernelError) -> TabPFNTeam {
        var workspaces: [TabPFNWorkspace] = []
        for _ in 0..<threads {
            workspaces.append(
                try TabPFNWorkspace(
                    configuration, tokens: tokens, items: items, precision: weights.arithmetic.precision, trace: trace))
        }
        return TabPFNTeam(workspaces)
    }

    private func positions(features: Int) throws(TabPFNError) -> FloatBuffer {
        try weights.positions(columns: features + 1, groups: configuration.groups(features: features))
    }

    private func standardise(
        _ queries: FeatureMatrix, _ standardisation: TableStandardisation?, columns: Int
    ) throws(TabPFNError) -> FeatureMatrix {
        if let standardisation { return try standardisation.apply(queries) }
        guard queries.columns == columns else { throw .width(expected: columns, found: queries.columns) }
        try TableStandardisation.checkFinite(queries, stage: "query features")
        return queries
    }

    private func check(_ labels: [Bool], rows: Int) throws(TabPFNError) -> ([Float], mean: Float) {
        guard labels.count == rows, rows > 0 else {
            throw .count(what: "labels", expected: rows, found: labels.count)
        }
        let classes = labels.map { $0 ? Float(1) : 0 }
        return (classes, classes.reduce(0, +) / Float(rows))
    }

    private static func kernels<Value>(
        _ body: () throws(KernelError) -> Value
    ) throws(TabPFNError) -> Value {
        do throws(KernelError) { return try body() } catch { throw .kernel(error) }
    }
}
