import Foundation

/// Odds of options by their log evidence.
enum EvidenceOdds {
    /// softmax, with odds below `least` as 0 and the others divided by their sum; `nil` if no evidence is a number.
    static func of(_ evidence: [Double], least: Double) -> [Double]? {
        guard let best = evidence.max(), best.isFinite else { return nil }
        let weights = evidence.map { exp($0 - best) }
        let total = weights.reduce(0, +)
        guard total.isFinite else { return nil }
        let kept = weights.map { $0 / total < least ? 0 : $0 }
        let keptTotal = kept.reduce(0, +)
        return kept.map { $0 / keptTotal }
    }
}
