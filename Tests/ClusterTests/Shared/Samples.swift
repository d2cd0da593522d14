import Scoring
import Testing
import Wire

/// Sample values for tests of the machines, each with a number that makes it unique.
enum Samples {
    static let model = model(0)

    static func model(_ number: Int) -> ModelFingerprint {
        ModelFingerprint(name: "model-\(number)", digest: Digest(of: "weights \(number)"))
    }

    static func job(_ number: Int) -> JobID { JobID(high: 0xA11CE, low: UInt64(number)) }

    static func context(_ number: Int) throws -> ContextBlock {
        let rows = (0..<4).compactMap { row in
            Outcome(reward: row % 2 == 0 ? 1 : 0).map { ContextSet.Row(text: "context \(number) \(row)", outcome: $0) }
        }
        return ContextBlock(try #require(ContextSet(rows)))
    }

    static func texts(_ shard: UInt32, rows: Int) -> TextBlock { TextBlock((0..<rows).map { "prompt \(shard) \($0)" }) }

    /// A shard of `rows` rows, by default with ten tokens a row.
    static func shard(
        _ index: UInt32, of job: JobID, rows: Int = 4, tokens: Int? = nil, affinity: UInt64? = nil
    ) -> SubmitShard {
        SubmitShard(
            job: job, shard: index, tokens: tokens ?? rows * 10, affinity: affinity ?? UInt64(index) &* 0x9E37_79B9,
            texts: texts(index, rows: rows))
    }

    /// Answers whose values depend on the piece's first row and the row in it, so that a mix-up is found.
    static func answers(firstRow: Int = 0, rows: Int) -> AnswerBlock {
        AnswerBlock(
            (0..<rows).map { row in
                let p = Float(1 + firstRow + row) / 8192
                return Prediction(p: p, kappa: 4, pLo: p / 2, pHi: (1 + p) / 2)
            })
    }

    static func answers(to piece: PieceName) -> AnswerBlock {
        answers(firstRow: piece.rows.lowerBound, rows: piece.rows.count)
    }

    static func result(
        _ piece: PieceName, credit: Credit = CoordinatorBench.credit, progress: UInt64 = 1
    ) -> Message {
        .shardResult(
            ShardResult(piece: piece, answers: answers(to: piece), faults: [], credit: credit, progress: progress))
    }
}
