import Kernels
import Synchronization

/// The layers of one member of the ensemble, for its context and for queries.
///
/// A row attends along itself, whole rows to a thread; then each column attends along itself, whole columns to a thread,
/// and goes through the feed-forward pair before it is put back. A query attends along its row, and then each of its
/// columns to head 0's keys and values of the context's same column: it sees no other query. Of the last layer only the
/// target column is read, so only that is computed.
struct TabPFNLayers {
    let weights: TabPFNWeights
    let team: TabPFNTeam

    private var configuration: TabPFNConfiguration { weights.configuration }

    /// Fills the first rows with thinking rows and the others with the encoded context.
    func encode(
        context table: MemberTable, labels: [Float], scaling: TableScaling, positions: FloatBuffer, into rows: TableRows
    ) throws(KernelError) {
        let thinking = configuration.thinkingRows
        for row in 0..<thinking { rows.fill(row: row, with: weights.thinkingRow(row)) }
        try team.perform(labels.count) { (row, workspace) throws(KernelError) in
            try weights.encoder.encode(
                table[row], scaling: scaling, target: .label(labels[row]), positions: positions,
                into: rows[thinking + row], workspace.encoding)
        }
    }

    /// Fills the first rows with encoded queries.
    func encode(
        queries table: MemberTable, labelMean: Float, scaling: TableScaling, positions: FloatBuffer,
        into rows: TableRows
    ) throws(KernelError) {
        try team.perform(table.rows) { (row, workspace) throws(KernelError) in
            try weights.encoder.encode(
                table[row], scaling: scaling, target: .asked(mean: labelMean), positions: positions, into: rows[row],
                workspace.encoding)
        }
    }

    /// One layer of the context, in place; keeps head 0's keys and values, of the last layer those of the target column
    /// in slot 0.
    func advance(_ index: Int, context rows: TableRows, keeping store: TableKeysValues) throws(KernelError) {
        let layer = weights.layers[index]
        let (items, tokens) = (rows.rows, rows.tokens)
        guard index < configuration.layers - 1 else {
            try team.perform(items) { (row, workspace) throws(KernelError) in
                try workspace.attendFeaturesOfTarget(rows, row: row, layer)
                rows.set(row: row, token: tokens - 1, from: workspace.hidden)
            }
            try team.perform(1) { (_, workspace) throws(KernelError) in
                rows.gather(token: tokens - 1, rows: items, into: workspace.hidden)
                try workspace.keepItems(items, layer, in: store, slot: 0)
            }
            return
        }
        try team.perform(items) { (row, workspace) throws(KernelError) in
            try workspace.attendFeatures(rows[row], tokens: tokens, layer)
        }
        try team.perform(tokens) { (column, workspace) throws(KernelError) in
            rows.gather(token: column, rows: items, into: workspace.hidden)
            try workspace.keepItems(items, layer, in: store, slot: column)
            try workspace.attendItems(items, layer)
            try workspace.feedForward(workspace.hidden, rows: items, layer)
            rows.scatter(workspace.hidden, token: column, rows: items)
        }
    }

    /// One layer but the last of the first `count` queries, up to their attention along columns, whose results are in
    /// `asked`. The rest of the layer is computed at the start of the next one, row by row.
    func advance(
        _ index: Int, queries: TableRows, asked: TableRows, count: Int, reading store: TableKeysValues
    ) throws(KernelError) {
        let layer = weights.layers[index]
        try team.perform(count) { (query, workspace) throws(KernelError) in
            try finish(index - 1, queries, asked, query, workspace)
            try workspace.attendFeatures(queries[query], tokens: queries.tokens, layer)
            try workspace.multiply(layer.itemQueries, queries[query], asked[query], rows: queries.tokens)
        }
        try team.perform(queries.tokens) { (column, workspace) throws(KernelError) in
            workspace.attention.apply(to: asked, token: column, rows: 0..<count, store: store, slot: column)
        }
    }

    /// The last layer of the first `count` queries: `(count, classes)` logits.
    func conclude(
        queries: TableRows, asked: TableRows, count: Int, reading store: TableKeysValues
    ) throws(KernelError) -> [[Float]] {
        let index = configuration.layers - 1
        let layer = weights.layers[index]
        let logits = Mutex([[Float]](repeating: [], count: count))
        try team.perform(count) { (query, workspace) throws(KernelError) in
            try finish(index - 1, queries, asked, query, workspace)
            try workspace.attendFeaturesOfTarget(queries, row: query, layer)
            try workspace.multiply(layer.itemQueries, workspace.hidden, asked[query], rows: 1)
            workspace.attention.apply(to: asked, token: 0, rows: query..<query + 1, store: store, slot: 0)
            try workspace.finishItems(workspace.hidden, attended: asked[query], rows: 1, layer)
            try workspace.feedForward(workspace.hidden, rows: 1, layer)
            let found = try weights.decode(workspace.hidden)
            logits.withLock { $0[query] = found }
        }
        return logits.withLock { $0 }
    }

    private func finish(
        _ index: Int, _ queries: TableRows, _ asked: TableRows, _ query: Int, _ workspace: TabPFNWorkspace
    ) throws(KernelError) {
        guard index >= 0 else { return }
        let layer = weights.layers[index]
        try workspace.finishItems(queries[query], attended: asked[query], rows: queries.tokens, layer)
        try workspace.feedForward(queries[query], rows: queries.tokens, layer)
    }
}
