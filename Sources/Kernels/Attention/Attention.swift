import WideKernels

/// Multi-head self-attention over ragged sequences, without padding and without a mask, on one thread.
///
/// One sequence and one head at a time, six queries at once: their scores stay in the first-level cache between the two
/// products, so no (n, n) matrix is ever written. A sequence's result depends on that sequence alone.
public final class Attention {
    private let heads: Int
    private let headWidth: Int
    private let lengthMax: Int
    private let scratch: FloatBuffer

    /// Memory for sequences of up to `lengthMax` tokens: about (2 · D + 6) · lengthMax floats.
    public init(heads: Int, headWidth: Int, lengthMax: Int) {
        precondition(heads > 0 && headWidth > 0 && lengthMax > 0, "Attention: \(heads), \(headWidth), \(lengthMax)")
        self.heads = heads
        self.headWidth = headWidth
        self.lengthMax = lengthMax
        // The wide compilation pads to a larger multiple.
        scratch = FloatBuffer(
            count: WideKernels.VectorLoops.attentionScratch(headWidth: headWidth, length: lengthMax))
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
                let query = input + start * 3 * width + head * headWidth
                let target = output + start * width + head * headWidth
                if Vectors.areWide {
                    WideKernels.VectorLoops.attend(
                        query, length: end - start, width: width, headWidth: headWidth, scratch: scratch.base, target)
                } else {
                    VectorLoops.attend(
                        query, length: end - start, width: width, headWidth: headWidth, scratch: scratch.base, target)
                }
            }
        }
    }
}
