import Foundation
package import Encoders

/// Sample batches of token ids for measuring an encoder; `statezero tune` and `statezero-bench encoder` use the same.
package enum EncoderSample {
    /// 32 sequences of 128 tokens.
    package static let uniform = [Int](repeating: 128, count: 32)

    /// 256 lengths distributed like those of real prompts: many short ones, a long tail, cut at 256 (mean 73, median 57).
    ///
    /// Quantiles of a log-normal distribution (median 57, σ 0.75) in mixed order;
    /// `scripts/benchmarks/encoder_peer.py` has the same list.
    package static let mixed: [Int] = (0..<256).map { index in
        // 97 and 256 have no common factor, so every quantile appears once.
        let quantile = (Double(index * 97 % 256) + 0.5) / 256
        return min(256, max(3, Int(57 * exp(0.75 * normalQuantile(quantile)))))
    }

    /// Sequences of the given lengths, with ids that cover the vocabulary evenly.
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

    // By bisection of the distribution function: obvious, and fast enough for a list that is made once.
    private static func normalQuantile(_ p: Double) -> Double {
        var (low, high) = (-8.0, 8.0)
        for _ in 0..<60 {
            let middle = (low + high) / 2
            if 0.5 * erfc(-middle / 2.0.squareRoot()) < p { low = middle } else { high = middle }
        }
        return (low + high) / 2
    }
}
