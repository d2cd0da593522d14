import Kernels
import Scoring

/// Rows of embeddings with weights, for the sum Σ weight · kernel(cosine) of any query: what a fitted regression on texts
/// is asked for each prompt of a corpus.
///
/// The cosines are products with packed rows, a panel of rows at a time, so that all numbers of rows share one shape of
/// product. A query's sum has the same bits alone and among others: a product keeps that (`ProductPlan`), and the sum goes
/// over the rows in order. Two regressions on mostly the same rows are two layers, and need each cosine once.
struct WeightedRows: Sendable {
    /// One regression's part.
    private struct Layer {
        /// By block of eight rows; 0 where the layer has no row.
        var weights: [SIMD8<Double>]
        let kernel: RadialKernel

        /// By block: whether it has a weight.
        var isUsed: [Bool] { weights.map { $0 != .zero } }
    }

    private let panels: [MatrixMultiply]
    private let layers: [Layer]
    /// By layer and block.
    private let isUsed: [[Bool]]

    /// Rows of a panel: few enough that its cosines with 64 queries stay in the second cache.
    private static let panelRows = 160
    private static let panelBlocks = panelRows / SIMD8<Double>.scalarCount
    /// Queries of a product.
    private static let queriesMost = 64
    /// Width of most small encoders, for `numerics`.
    private static let usualColumns = 384

    /// A weight for each row. Throws what the products do. Cost: one copy of the rows.
    init(_ rows: EmbeddingRows, weights: [Double], kernel: RadialKernel) throws(KernelError) {
        let panels = try Self.panels(rows, Array(0..<rows.count))
        var layer = Layer(weights: Self.blocks(panels.count), kernel: kernel)
        for (row, weight) in weights.enumerated() { layer.weights[row / 8][row % 8] = weight }
        self.init(panels, [layer])
    }

    private init(_ panels: [MatrixMultiply], _ layers: [Layer]) {
        (self.panels, self.layers, isUsed) = (panels, layers, layers.map(\.isUsed))
    }

    /// The same with a further layer of other rows; `places` has, for those that are among these rows, which they are.
    /// Throws what the products do. Cost: one copy of the rows that are new.
    func adding(
        _ rows: EmbeddingRows, places: [Int?], weights: [Double], kernel: RadialKernel
    ) throws(KernelError) -> WeightedRows {
        let new = places.indices.filter { places[$0] == nil }
        let more = try Self.panels(rows, new)
        let added = Self.blocks(more.count)
        var layer = Layer(weights: Self.blocks(panels.count) + added, kernel: kernel)
        for (row, place) in places.enumerated() {
            if let place { layer.weights[place / 8][place % 8] += weights[row] }
        }
        for (number, row) in new.enumerated() {
            let place = panels.count * Self.panelRows + number
            layer.weights[place / 8][place % 8] = weights[row]
        }
        let known = layers.map { Layer(weights: $0.weights + added, kernel: $0.kernel) }
        return WeightedRows(panels + more, known + [layer])
    }

    private static func blocks(_ panels: Int) -> [SIMD8<Double>] {
        Array(repeating: .zero, count: panels * panelBlocks)
    }

    /// Some rows, packed; those that fill the last panel are 0.
    private static func panels(_ rows: EmbeddingRows, _ chosen: [Int]) throws(KernelError) -> [MatrixMultiply] {
        var panels: [MatrixMultiply] = []
        for start in stride(from: 0, to: chosen.count, by: panelRows) {
            let panel = FloatBuffer(count: panelRows * rows.paddedColumns)
            for (place, row) in chosen[start..<min(start + panelRows, chosen.count)].enumerated() {
                panel.write(rows.row(row), at: place * rows.paddedColumns)
            }
            panels.append(
                try MatrixMultiply(
                    weightNK: panel.copy(0..<panel.count), inputs: rows.paddedColumns, outputs: panelRows))
        }
        return panels
    }

    /// What may change the last digit, for a head's fingerprint. Cost at the first call: a plan of products.
    static var numerics: String {
        // The implementation depends on the processor, hardly on the width.
        let shape = ProductShape(inputs: usualColumns, outputs: panelRows)
        return (try? ProductPlan.plan(for: shape).numerics) ?? "f32/none"
    }

    /// By layer, the sums of queries, in order. Throws what the products do. Cost: a dot product a row.
    func sums(_ queries: EmbeddingRows) throws(KernelError) -> [[Double]] {
        var sums = layers.map { _ in [Double](repeating: 0, count: queries.count) }
        guard let columns = panels.first?.inputs, queries.count > 0 else { return sums }
        LibraryThreads.useOneInThisThread()
        let rows = MatrixMultiply.rowsRoundedUp(min(Self.queriesMost, queries.count))
        let input = FloatBuffer(count: rows * columns)
        let output = FloatBuffer(count: rows * Self.panelRows)
        var cosines = [SIMD8<Float>](repeating: .zero, count: Self.panelBlocks)
        for start in stride(from: 0, to: queries.count, by: Self.queriesMost) {
            let count = min(Self.queriesMost, queries.count - start)
            for query in 0..<count { input.write(queries.row(start + query), at: query * columns) }
            var totals = [SIMD8<Double>](repeating: .zero, count: layers.count * count)
            for (index, panel) in panels.enumerated() {
                try panel.apply(input, output: output, rows: count)
                for query in 0..<count {
                    output.read(from: query * Self.panelRows, into: &cosines)
                    for layer in layers.indices {
                        totals[layer * count + query] = added(
                            cosines, to: totals[layer * count + query], layer: layer, panel: index)
                    }
                }
            }
            for (place, total) in totals.enumerated() { sums[place / count][start + place % count] = total.sum() }
        }
        return sums
    }

    /// A panel's part of a layer's sum.
    private func added(
        _ cosines: [SIMD8<Float>], to total: SIMD8<Double>, layer: Int, panel: Int
    ) -> SIMD8<Double> {
        var total = total
        let (own, first) = (layers[layer], panel * Self.panelBlocks)
        for block in cosines.indices where isUsed[layer][first + block] {
            total.addProduct(own.weights[first + block], own.kernel(cosines[block]))
        }
        return total
    }
}
