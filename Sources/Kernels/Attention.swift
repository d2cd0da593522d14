/// Multi-head self-attention over ragged sequences, without padding and without a mask, on one thread.
///
/// One sequence and one head at a time, six queries at once: their scores stay in the first-level cache between the two
/// products, so no (n, n) matrix is ever written. A sequence's result depends on that sequence alone.
public final class Attention {
    private let heads: Int
    private let headWidth: Int
    private let paddedHeadWidth: Int
    private let lengthMax: Int
    private let keysDT: FloatBuffer
    private let valuesTD: FloatBuffer
    private let scores: FloatBuffer
    private let outcome: FloatBuffer

    /// Room for sequences of up to `lengthMax` tokens; (4 · D + 6) · lengthMax floats.
    public init(heads: Int, headWidth: Int, lengthMax: Int) {
        precondition(heads > 0 && headWidth > 0 && lengthMax > 0, "Attention: \(heads), \(headWidth), \(lengthMax)")
        self.heads = heads
        self.headWidth = headWidth
        self.paddedHeadWidth = Self.roundedUp(headWidth)
        self.lengthMax = lengthMax
        let paddedLength = Self.roundedUp(lengthMax)
        keysDT = FloatBuffer(count: headWidth * paddedLength)
        valuesTD = FloatBuffer(count: paddedLength * paddedHeadWidth)
        scores = FloatBuffer(count: Tile.rows * paddedLength)
        outcome = FloatBuffer(count: Tile.rows * paddedHeadWidth)
    }

    /// context (T, C) = softmax(Q · Kᵀ / √D) · V for each sequence and head.
    ///
    /// `queriesKeysValues` is (T, 3 · C): queries, keys, values side by side. `starts` are the cumulative lengths,
    /// B + 1 of them from 0. Precondition: no sequence is longer than `lengthMax`.
    public func apply(_ queriesKeysValues: FloatBuffer, starts: [Int], context: FloatBuffer) {
        guard let tokens = starts.last else { return }
        let width = heads * headWidth
        let input = queriesKeysValues.pointer(first: tokens * 3 * width)
        let output = context.pointer(first: tokens * width)
        for (start, end) in zip(starts, starts.dropFirst()) {
            precondition(
                0 <= start && start <= end && end <= tokens && end - start <= lengthMax, "Attention: \(starts)")
            for head in 0..<heads {
                attend(
                    input + start * 3 * width + head * headWidth, length: end - start,
                    output + start * width + head * headWidth)
            }
        }
    }

    private func attend(_ q: UnsafePointer<Float>, length: Int, _ output: UnsafeMutablePointer<Float>) {
        let width = heads * headWidth
        let padded = Self.roundedUp(length)
        pack(q + width, q + 2 * width, stride: 3 * width, length: length, padded: padded)
        let (k, v, s, o) = (keysDT.base, valuesTD.base, scores.base, outcome.base)
        var row = 0
        while row < length {
            let rows = min(Tile.rows, length - row)
            var column = 0
            while column < padded {
                Tile.multiply(
                    a: q + row * 3 * width, aStride: 3 * width, b: k + column, bStride: padded, depth: headWidth,
                    rows: rows, bias: nil, c: s + column, cStride: padded)
                column += Tile.columns
            }
            for r in 0..<rows { Activations.softmaxRow(s + r * padded, columns: length, stride: padded) }
            column = 0
            while column < paddedHeadWidth {
                Tile.multiply(
                    a: s, aStride: padded, b: v + column, bStride: paddedHeadWidth, depth: length, rows: rows,
                    bias: nil, c: o + column, cStride: paddedHeadWidth)
                column += Tile.columns
            }
            for r in 0..<rows {
                (output + (row + r) * width).update(from: o + r * paddedHeadWidth, count: headWidth)
            }
            row += rows
        }
    }

    // Keys are transposed and scaled by 1/√D; values are only brought together: with 3 · C floats from row to row they
    // would all fall on a few sets of the cache.
    private func pack(
        _ keys: UnsafePointer<Float>, _ values: UnsafePointer<Float>, stride: Int, length: Int, padded: Int
    ) {
        let scale = 1 / Float(headWidth).squareRoot()
        let (k, v) = (keysDT.base, valuesTD.base)
        for t in 0..<length {
            let key = keys + t * stride
            for d in 0..<headWidth { k[d * padded + t] = key[d] * scale }
            let value = v + t * paddedHeadWidth
            value.update(from: values + t * stride, count: headWidth)
            for d in headWidth..<paddedHeadWidth { value[d] = 0 }
        }
        // What an earlier sequence left here would be multiplied and thrown away, but might be slow (denormal).
        for t in length..<padded {
            for d in 0..<headWidth { k[d * padded + t] = 0 }
        }
    }

    private static func roundedUp(_ count: Int) -> Int {
        (count + Tile.columns - 1) / Tile.columns * Tile.columns
    }
}
