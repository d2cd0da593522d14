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

    /// Encodes the batch `rounds` + 1 times with ids that fill the vocabulary evenly.
    ///
    /// Throws what `BertEncoder.encode` throws, so `sequenceLength` for lengths that the model does not read.
    public func run(_ encoder: BertEncoder) throws(ModelError) -> Result {
        let batch = EncoderWorkload.batch(lengths, vocabulary: encoder.configuration.vocabulary)
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

    private static func processorTime() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
    }
}
