import Foundation
import Heads
import Scoring
import Testing

/// Side information of a golden's prompts.
struct CompactHeadGoldenSides {
    let schema: SideSchema
    let hasPool: Bool
    private let values: [Double]
    private let rollouts: [Double]
    private let isRecord: Bool
    private let number: [Float]
    private let category: [Int]
    private let vector: [Float]
    private let prompts: Int

    private static let vectorColumns = 5

    init(_ golden: CompactHeadGolden, _ example: CompactHeadGolden.Case) throws {
        hasPool = !example.references.isEmpty
        isRecord = example.references == "stale"
        prompts = golden.queryPlaces.upperBound
        values = try hasPool ? golden.stage(example.name, "reference.values") : []
        rollouts = try hasPool ? golden.stage(example.name, "reference.rollouts") : []
        let count = values.count / max(prompts, 1)
        let kind: SideSchema.Reference.Kind = isRecord ? .ownRecord : .otherPolicy
        let hasFields = example.parts == "fields"
        number = try hasFields ? golden.poolFloats("number") : []
        category = try hasFields ? golden.poolIntegers("category") : []
        vector = try hasFields ? golden.poolFloats("vector") : []
        schema = SideSchema(
            references: (0..<count).map { .init(name: "\($0)", kind: kind) }, numbers: hasFields ? ["number"] : [],
            categories: hasFields ? ["category"] : [],
            vectors: hasFields ? [.init(name: "vector", columns: Self.vectorColumns)] : [])
    }

    func pooled(_ prompt: Int) throws -> SideInformation {
        SideInformation(references: try references(prompt))
    }

    func side(_ prompt: Int) throws -> SideInformation {
        let hasFields = !number.isEmpty
        return SideInformation(
            references: try references(prompt), numbers: hasFields ? [number[prompt]] : [],
            categories: hasFields ? [UInt32(category[prompt] + 1)] : [],
            vectors: hasFields
                ? Array(vector[prompt * Self.vectorColumns..<(prompt + 1) * Self.vectorColumns]) : [],
            poolRow: hasPool ? prompt : nil)
    }

    private func references(_ prompt: Int) throws -> [SideInformation.ReferenceOutcome] {
        var result: [SideInformation.ReferenceOutcome] = []
        for reference in 0..<values.count / max(prompts, 1) {
            let (value, n) = (values[reference * prompts + prompt], rollouts[reference * prompts + prompt])
            guard !value.isNaN else { continue }
            // An old record is given as a quarter of the log-odds of (k + rate)/(n + 1), the rate within 0 and 1.
            let successes = (1 / (1 + exp(-4 * value)) * (n + 1)).rounded(.down)
            let reward = isRecord ? successes / n : value
            result.append(.init(reference: reference, outcome: try #require(Outcome(reward: reward, n: Int(n)))))
        }
        return result
    }
}
