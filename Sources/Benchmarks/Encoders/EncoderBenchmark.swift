import CommandSupport
import Scoring
import Encoders
import ModelFiles

/// Encodes one batch again and again and measures tokens per second.
struct EncoderBenchmark {
    /// The measured rounds of one batch.
    struct Result {
        /// Tokens of the batch, without padding.
        let tokens: Int
        /// One measurement per round; processor time of all threads.
        let times: [MeasuredTime]

        var tokensPerSecond: Double { Double(tokens) / times.medianSeconds }
        var tokensPerProcessorSecond: Double { Double(tokens) / times.medianProcessorSeconds }
    }

    /// Tokens of each sequence of the batch.
    let lengths: [Int]
    /// Measured rounds, after one warm-up round.
    let rounds: Int

    /// Precondition: at least one round and one sequence.
    init(lengths: [Int], rounds: Int = 5) {
        precondition(rounds >= 1 && !lengths.isEmpty, "EncoderBenchmark: \(lengths.count) lengths, \(rounds) rounds")
        self.lengths = lengths
        self.rounds = rounds
    }

    /// Throws what `BertEncoder.encode` throws, so `sequenceLength` for lengths that the model cannot read.
    func run(_ encoder: BertEncoder) throws(ModelError) -> Result {
        let batch = EncoderSample.batch(lengths, vocabulary: encoder.configuration.vocabulary)
        _ = try encoder.encode(batch)
        var times: [MeasuredTime] = []
        for _ in 0..<rounds {
            times.append(try MeasuredTime(of: .process) { () throws(ModelError) in _ = try encoder.encode(batch) })
        }
        return Result(tokens: batch.tokens, times: times)
    }
}
