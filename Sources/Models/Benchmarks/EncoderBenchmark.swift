public import Encoders
import Foundation
public import ModelFiles
import Scoring

/// Tokens a second of an encoder on sequences of given lengths; `statezero bench encoder` prints it.
public struct EncoderBenchmark: Sendable {
    /// What a measurement gave.
    public struct Result: Sendable {
        /// Sequences in the batch.
        public let sequences: Int
        /// Tokens in the batch; none of them is padding.
        public let tokens: Int
        /// Seconds of each round, in order.
        public let seconds: [Double]
        /// Processor seconds of each round, all threads of this process together.
        public let processorSeconds: [Double]

        /// Median over rounds of tokens a second.
        public var tokensPerSecond: Double { Double(tokens) / Median.of(seconds) }

        /// Median over rounds of tokens a processor second: what is left to compare on a machine with other work.
        public var tokensPerProcessorSecond: Double { Double(tokens) / Median.of(processorSeconds) }
    }

    /// Tokens of each sequence of the batch.
    public let lengths: [Int]
    /// How often the batch is encoded and measured, after one round that is not.
    public let rounds: Int

    /// Precondition: at least one round and one sequence.
    public init(lengths: [Int], rounds: Int = 5) {
        precondition(rounds >= 1 && !lengths.isEmpty, "EncoderBenchmark: \(lengths.count) lengths, \(rounds) rounds")
        self.lengths = lengths
        self.rounds = rounds
    }

    /// 32 sequences of 128 tokens.
    public static let uniform = [Int](repeating: 128, count: 32)

    /// 256 lengths spread like those of real prompts: many short ones, a long tail, cut at 256 (mean 75, median 57).
    ///
    /// Quantiles of a log-normal (median 57, σ 0.75), in an order that mixes them; the same list as the peer's script.
    public static let mixed: [Int] = (0..<256).map { index in
        // 97 and 256 have no common factor, so every quantile comes once.
        let quantile = (Double(index * 97 % 256) + 0.5) / 256
        return min(256, max(3, Int(57 * exp(0.75 * normalQuantile(quantile)))))
    }

    /// Encodes the batch `rounds` + 1 times with ids that fill the vocabulary evenly.
    ///
    /// Throws what `BertEncoder.encode` throws, so `sequenceLength` for lengths that the model does not read.
    public func run(_ encoder: BertEncoder) throws(ModelError) -> Result {
        let batch = Self.batch(lengths, for: encoder)
        _ = try encoder.encode(batch)
        var (seconds, processorSeconds): ([Double], [Double]) = ([], [])
        let clock = ContinuousClock()
        for _ in 0..<rounds {
            let (start, processorStart) = (clock.now, Self.processorTime())
            _ = try encoder.encode(batch)
            seconds.append((clock.now - start) / .seconds(1))
            processorSeconds.append(Self.processorTime() - processorStart)
        }
        return Result(
            sequences: batch.count, tokens: batch.tokens, seconds: seconds, processorSeconds: processorSeconds)
    }

    /// Sequences of such lengths, with ids that fill the vocabulary evenly.
    public static func batch(_ lengths: [Int], for encoder: BertEncoder) -> RaggedBatch {
        var next: Int32 = 0
        var batch = RaggedBatch()
        for length in lengths {
            batch.append(
                (0..<length).map { _ in
                    next = (next + 7919) % Int32(encoder.configuration.vocabulary)
                    return next
                })
        }
        return batch
    }

    private static func processorTime() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
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
