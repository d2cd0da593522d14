import Foundation
import Scoring

/// What references say of a prompt, as residuals: how much better they did on it than on their prompts altogether.
///
/// One of two kinds. Other policies: each is a reference, its value a reward. The policy's own old records: together they
/// are one made-up reference, its value the smoothed log-odds of success.
struct ReferenceOutcomes: Sendable {
    /// One reference's outcome on a prompt.
    struct Entry {
        /// Among those of this kind.
        let reference: Int
        /// Its value less the reference's mean.
        let residual: Double
        /// What its rollouts are worth, in single rollouts: 1 … 2.5.
        let information: Double
    }

    /// K.
    let count: Int
    /// By reference: its mean value over the prompts that it has met; `nil` if it has met none.
    private let means: [Double?]
    private let kind: SideSchema.Reference.Kind
    /// By index of the schema: index of this kind.
    private let index: [Int?]
    /// Success rate of the old records altogether.
    private let rate: Double

    /// What of a single rollout's noise more rollouts do not remove.
    private static let overdispersion = 0.4
    private static let rateMin = 0.02
    /// A quarter of a log-odd is the unit of a rate near ½.
    private static let recordUnit = 0.25

    /// `nil` if no reference of the kind has an outcome on any of the prompts.
    init?(_ kind: SideSchema.Reference.Kind, schema: SideSchema, prompts: [SideInformation]) {
        self.kind = kind
        var count = 0
        let index = schema.references.map { reference -> Int? in
            guard reference.kind == kind else { return nil }
            // Old records are one reference, whatever their number.
            if kind == .otherPolicy || count == 0 { count += 1 }
            return count - 1
        }
        var (successes, rollouts) = (0.0, 0.0)
        for record in prompts.compactMap({ Self.record($0, index) }) where kind == .ownRecord {
            successes += record.successes
            rollouts += record.rollouts
        }
        let rate = (successes + 0.5) / (rollouts + 1)
        var (sums, numbers) = ([Double](repeating: 0, count: count), [Double](repeating: 0, count: count))
        for prompt in prompts {
            for (reference, value, _) in Self.values(prompt, kind, index, rate) {
                sums[reference] += value
                numbers[reference] += 1
            }
        }
        guard numbers.contains(where: { $0 > 0 }) else { return nil }
        means = zip(sums, numbers).map { $1 > 0 ? $0 / $1 : nil }
        (self.count, self.index, self.rate) = (count, index, rate)
    }

    /// Whether a reference has met any prompt.
    func isKnown(_ reference: Int) -> Bool { means[reference] != nil }

    /// What is known of a prompt; references that have met no prompt of the context or its pool have no mean and say nothing.
    func entries(_ prompt: SideInformation) -> [Entry] {
        Self.values(prompt, kind, index, rate).compactMap { reference, value, rollouts in
            means[reference].map { mean in
                let information = 1 / (Self.overdispersion + (1 - Self.overdispersion) / rollouts)
                return Entry(reference: reference, residual: value - mean, information: information)
            }
        }
    }

    private static func values(
        _ prompt: SideInformation, _ kind: SideSchema.Reference.Kind, _ index: [Int?], _ rate: Double
    ) -> [(reference: Int, value: Double, rollouts: Double)] {
        switch kind {
        case .otherPolicy:
            return prompt.references.compactMap { entry in
                guard index.indices.contains(entry.reference), let own = index[entry.reference] else { return nil }
                return (own, entry.outcome.reward, Double(entry.outcome.n))
            }
        case .ownRecord:
            guard let record = record(prompt, index) else { return [] }
            let smoothed = (record.successes + rate) / (record.rollouts + 1)
            let p = min(1 - rateMin, max(rateMin, smoothed))
            return [(0, recordUnit * (log(p) - log1p(-p)), record.rollouts)]
        }
    }

    /// Successes and rollouts of a prompt's old records together.
    private static func record(
        _ prompt: SideInformation, _ index: [Int?]
    ) -> (successes: Double, rollouts: Double)? {
        var (successes, rollouts) = (0.0, 0.0)
        for entry in prompt.references where index.indices.contains(entry.reference) && index[entry.reference] != nil {
            successes += entry.outcome.successes
            rollouts += Double(entry.outcome.n)
        }
        return rollouts > 0 ? (successes, rollouts) : nil
    }
}
