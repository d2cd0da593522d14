import Foundation
import Kernels

/// A context as every member of the ensemble has read it: what queries need of it, and nothing else.
///
/// Of use to the head that made it only, and on that head's thread.
public final class TabPFNContext {
    /// One member's part.
    struct Member {
        let scaling: TableScaling
        /// Head 0's keys and values of each column, by layer; of the last layer only the target's.
        let layers: [TableKeysValues]
    }

    /// Rows, N.
    public let rows: Int
    /// Standardised features, F.
    public let features: Int
    /// Memory of the keys and values.
    public let bytes: Int
    /// `nil` when the context was given standardised, or as tables.
    let standardisation: TableStandardisation?
    let fingerprints: RowHashMode
    let plan: EnsemblePlan
    let labelMean: Float
    let positions: FloatBuffer
    let members: [Member]

    init(
        rows: Int, features: Int, bytes: Int, standardisation: TableStandardisation?, fingerprints: RowHashMode,
        plan: EnsemblePlan, labelMean: Float, positions: FloatBuffer, members: [Member]
    ) {
        self.rows = rows
        self.features = features
        self.bytes = bytes
        self.standardisation = standardisation
        self.fingerprints = fingerprints
        self.plan = plan
        self.labelMean = labelMean
        self.positions = positions
        self.members = members
    }
}

/// What a head says of queries.
public struct TabPFNAnswer: Sendable, Equatable {
    /// `(E, M, classes)`: each member's logits of each query.
    public let rawLogits: [[[Float]]]
    /// `(M, 2)`: failure and success; members' logits over the temperature, averaged.
    public let logits: [[Float]]
    /// `(M)`: P(success), the softmax of the logits.
    public let scores: [Float]

    init(rawLogits: [[[Float]]], temperature: Double) {
        self.rawLogits = rawLogits
        let queries = rawLogits.first?.count ?? 0
        logits = (0..<queries).map { query in
            (0..<2).map { label in
                rawLogits.reduce(Float(0)) { $0 + $1[query][label] / Float(temperature) } / Float(rawLogits.count)
            }
        }
        scores = logits.map { logits in
            let top = max(logits[0], logits[1])
            let (failure, success) = (exp(logits[0] - top), exp(logits[1] - top))
            return success / (failure + success)
        }
    }
}
