/// Causal grouped-query attention over ragged sequences: each token attends to itself and the tokens before it.
///
/// `queryHeads / keyHeads` query heads share a head of keys and values (Ainslie et al. 2023). A call computes one
/// sequence and one head of keys. It packs keys and values once, then reads queries in blocks of 24 tokens. The scores
/// of a block stay in the caches: no (n, n) matrix is ever written. Sequences are not padded, and scores of
/// later tokens are left out, not masked: a block reads the keys up to its last token. A token's result depends on its
/// own sequence alone, whichever thread computes the other heads. An instance is for one thread at a time.
public final class CausalAttention {
    private let queryHeads: Int
    private let keyHeads: Int
    private let headWidth: Int
    private let lengthMax: Int
    private let keys: FloatBuffer
    private let values: FloatBuffer
    private let queries: FloatBuffer
    private let scores: FloatBuffer
    private let outcome: FloatBuffer

    // Four tiles a query head: a panel of keys is read from the first-level cache for all of them.
    private static let block = 4 * Tile.rows

    /// Memory for sequences of up to `lengthMax` tokens; `bytes` is its size.
    ///
    /// Throws `unsupportedSize` unless the head width is a multiple of 16 and key heads divide query heads.
    public init(queryHeads: Int, keyHeads: Int, headWidth: Int, lengthMax: Int) throws(KernelError) {
        precondition(lengthMax > 0, "CausalAttention: room for \(lengthMax) tokens")
        guard headWidth > 0, headWidth % Tile.columns == 0 else {
            throw .unsupportedSize(
                kernel: "CausalAttention", what: "head width", found: headWidth, need: "a positive multiple of 16")
        }
        guard keyHeads > 0, queryHeads > 0, queryHeads % keyHeads == 0 else {
            throw .unsupportedSize(
                kernel: "CausalAttention", what: "query heads", found: queryHeads, need: "a multiple of \(keyHeads)")
        }
        self.queryHeads = queryHeads
        self.keyHeads = keyHeads
        self.headWidth = headWidth
        self.lengthMax = lengthMax
        let sizes = Self.sizes(group: queryHeads / keyHeads, headWidth: headWidth, lengthMax: lengthMax)
        keys = FloatBuffer(count: sizes.keys)
        values = FloatBuffer(count: sizes.keys)
        queries = FloatBuffer(count: sizes.queries)
        scores = FloatBuffer(count: sizes.scores)
        outcome = FloatBuffer(count: sizes.queries)
    }

    /// Bytes of an instance.
    public static func bytes(queryHeads: Int, keyHeads: Int, headWidth: Int, lengthMax: Int) -> Int {
        let sizes = sizes(group: queryHeads / keyHeads, headWidth: headWidth, lengthMax: lengthMax)
        return (2 * sizes.keys + 2 * sizes.queries + sizes.scores) * MemoryLayout<Float>.stride
    }

    private static func sizes(group: Int, headWidth: Int, lengthMax: Int) -> (keys: Int, queries: Int, scores: Int) {
        let padded = roundedUp(lengthMax)
        return (padded * headWidth, group * block * headWidth, group * block * padded)
    }

    /// context = softmax(Q · Kᵀ / √D) · V for one sequence and the query heads of one key head.
    ///
    /// A row of `queriesKeysValues` is all query heads, all key heads, all value heads; a row of `context` all query
    /// heads. `rows` are the sequence's. Threads may do different heads or sequences of the same buffers at once, each
    /// with an instance of its own. Precondition: the sequence is not longer than `lengthMax`.
    public func apply(_ queriesKeysValues: FloatBuffer, rows: Range<Int>, keyHead: Int, context: QuantizedActivations) {
        precondition(
            rows.count <= lengthMax && 0 <= keyHead && keyHead < keyHeads,
            "CausalAttention: \(rows.count) tokens of \(lengthMax), key head \(keyHead) of \(keyHeads)")
        let (stride, group) = ((queryHeads + 2 * keyHeads) * headWidth, queryHeads / keyHeads)
        let input = queriesKeysValues.pointer(rows.lowerBound * stride..<rows.upperBound * stride)
        let key = input + (queryHeads + keyHead) * headWidth
        pack(keys: key, values: key + keyHeads * headWidth, stride: stride, length: rows.count)
        for first in Swift.stride(from: 0, to: rows.count, by: Self.block) {
            let block = first..<min(first + Self.block, rows.count)
            let query = input + block.lowerBound * stride + keyHead * group * headWidth
            attend(query, stride: stride, block: block, length: rows.count)
            for head in 0..<group {
                for (line, token) in block.enumerated() {
                    let column = (keyHead * group + head) * headWidth
                    context.store(
                        outcome.base + (head * Self.block + line) * headWidth,
                        at: (rows.lowerBound + token) * queryHeads * headWidth + column, count: headWidth)
                }
            }
        }
    }

    // The queries of a block against all keys up to its last token: `group` times as many rows as tokens.
    private func attend(_ query: UnsafePointer<Float>, stride: Int, block: Range<Int>, length: Int) {
        let group = queryHeads / keyHeads
        let padded = Self.roundedUp(block.upperBound)
        gather(query, stride: stride, tokens: block.count)
        for panel in Swift.stride(from: 0, to: padded, by: Tile.columns) {
            eachTile(block, group) { row, rows, last in
                // All of this panel would be after the tile's last token.
                guard panel <= last else { return }
                Tile.multiply(
                    a: queries.base + row * headWidth, aStride: headWidth, b: keys.base + panel * headWidth,
                    bStride: Tile.columns, depth: headWidth, rows: rows, bias: nil,
                    c: scores.base + row * padded + panel, cStride: padded)
            }
        }
        for head in 0..<group {
            for (line, token) in block.enumerated() {
                Activations.softmaxRow(
                    scores.base + (head * Self.block + line) * padded, columns: token + 1, stride: padded)
            }
        }
        for panel in Swift.stride(from: 0, to: headWidth, by: Tile.columns) {
            eachTile(block, group) { row, rows, last in
                // Weights of later tokens are 0, and adding 0 · v changes no bit, so all rows may use the last row's
                // depth.
                Tile.multiply(
                    a: scores.base + row * padded, aStride: padded, b: values.base + panel * length,
                    bStride: Tile.columns, depth: last + 1, rows: rows, bias: nil,
                    c: outcome.base + row * headWidth + panel, cStride: headWidth)
            }
        }
    }

    // Six rows at a time: their first row, their number, and the position of the last one's token.
    @inline(__always)
    private func eachTile(_ block: Range<Int>, _ group: Int, _ body: (Int, Int, Int) -> Void) {
        for head in 0..<group {
            for line in Swift.stride(from: 0, to: block.count, by: Tile.rows) {
                let rows = min(Tile.rows, block.count - line)
                body(head * Self.block + line, rows, block.lowerBound + line + rows - 1)
            }
        }
    }

    // Gathers rows of different heads, scaled by 1/√D.
    private func gather(_ query: UnsafePointer<Float>, stride: Int, tokens: Int) {
        let scale = Lanes(repeating: 1 / Float(headWidth).squareRoot())
        for head in 0..<queryHeads / keyHeads {
            for line in 0..<tokens {
                let source = query + line * stride + head * headWidth
                let target = queries.base + (head * Self.block + line) * headWidth
                for d in Swift.stride(from: 0, to: headWidth, by: 8) {
                    (Lanes.load(source + d) * scale).store(target + d)
                }
            }
        }
    }

    // Panels of 16: keys as (length / 16, D, 16), values as (D / 16, length, 16), so that a tile reads memory in order.
    private func pack(
        keys key: UnsafePointer<Float>, values value: UnsafePointer<Float>, stride: Int, length: Int
    ) {
        let columns = Tile.columns
        for token in 0..<length {
            let source = key + token * stride
            let target = keys.base + token / columns * columns * headWidth + token % columns
            for d in 0..<headWidth { target[d * columns] = source[d] }
            for panel in Swift.stride(from: 0, to: headWidth, by: columns) {
                (values.base + panel * length + token * columns).update(
                    from: value + token * stride + panel, count: columns)
            }
        }
        // Values of an earlier sequence would be multiplied and discarded, but denormal ones would be slow.
        for token in length..<Self.roundedUp(length) {
            let target = keys.base + token / columns * columns * headWidth + token % columns
            for d in 0..<headWidth { target[d * columns] = 0 }
        }
    }

    private static func roundedUp(_ count: Int) -> Int {
        (count + Tile.columns - 1) / Tile.columns * Tile.columns
    }
}
