import Foundation

/// Batches of token ids for measurements of an encoder: equal lengths, or lengths spread like those of real prompts.
package enum EncoderWorkload {
    /// 32 sequences of 128 tokens.
    package static let uniform = [Int](repeating: 128, count: 32)

    /// 256 lengths spread like those of real prompts: many short ones, a long tail, cut at 256 (mean 75, median 57).
    ///
    /// Quantiles of a log-normal (median 57, σ 0.75), in an order that mixes them; the same list as the peer's script.
    package static let mixed: [Int] = (0..<256).map { index in
        // 97 and 256 have no common factor, so every quantile comes once.
        let quantile = (Double(index * 97 % 256) + 0.5) / 256
        return min(256, max(3, Int(57 * exp(0.75 * normalQuantile(quantile)))))
    }

    /// Sequences of given lengths, with ids that fill a vocabulary evenly.
    package static func batch(_ lengths: [Int], vocabulary: Int) -> RaggedBatch {
        var next: Int32 = 0
        var batch = RaggedBatch()
        for length in lengths {
            batch.append(
                (0..<length).map { _ in
                    next = (next + 7919) % Int32(vocabulary)
                    return next
                })
        }
        return batch
    }

    // By bisection of the distribution function: obvious, and fast enough for a list made once.
    private static func normalQuantile(_ p: Double) -> Double {
        var (low, high) = (-8.0, 8.0)
        for _ in 0..<60 {
            let middle = (low + high) / 2
            if 0.5 * erfc(-middle / 2.0.squareRoot()) < p { low = middle } else { high = middle }
        }
        return (low + high) / 2
    }
}
