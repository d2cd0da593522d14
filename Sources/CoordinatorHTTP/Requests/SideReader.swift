import HTTPServing
import JSON
import Scoring
import Wire

// Reads what a request for a plan says about prompts beside their texts. The reader checks types and outcomes;
// `RequestPlan.check` checks bounds and names.

extension RequestFields {
    /// Reads `references` of a request: ids of policies.
    mutating func policyIDs() throws(HTTPFailure) -> [String] {
        var ids: [String] = []
        for (place, value) in (try array("references", count: PlanLimits.references) ?? []).enumerated() {
            guard let id = value.string else {
                let path = name(of: "references[\(place)]")
                throw .invalid(.wrongType, path, "\(path): expected the id of a policy, found \(value.kind)")
            }
            ids.append(id)
        }
        return ids
    }

    /// Reads `covariates` of an item: numbers, texts, true and false by name; null and empty texts count as absent.
    mutating func covariates() throws(HTTPFailure) -> [Covariate] {
        var covariates: [Covariate] = []
        for (name, path, value) in try members("covariates") {
            switch value {
            case .null, .string(""): break
            case .string(let text): covariates.append(Covariate(name: name, value: .category(text)))
            case .bool(let truth): covariates.append(Covariate(name: name, value: .number(truth ? 1 : 0)))
            case .number, .array, .object:
                guard let number = value.double else {
                    throw .invalid(.wrongType, path, "\(path): expected a number or a text, found \(value.kind)")
                }
                covariates.append(Covariate(name: name, value: .number(number)))
            }
        }
        return covariates
    }

    /// Reads `references` of an item: a rate, or n with either k or reward, by name.
    mutating func namedOutcomes() throws(HTTPFailure) -> [NamedOutcome] {
        var outcomes: [NamedOutcome] = []
        for (name, path, value) in try members("references") where value != .null {
            outcomes.append(NamedOutcome(name: name, outcome: try Self.outcome(value, path)))
        }
        return outcomes
    }

    private static func outcome(_ value: JSONValue, _ path: String) throws(HTTPFailure) -> Outcome {
        let outcome: Outcome?
        if case .object = value {
            var fields = try RequestFields(value, at: path)
            let n = try fields.need("n") { (fields) throws(HTTPFailure) in
                try fields.integer("n", in: 1...PlanLimits.counts.upperBound)
            }
            let k = try fields.integer("k")
            let reward = try fields.number("reward")
            try fields.finish()
            outcome =
                switch (k, reward) {
                case (let k?, nil): Outcome(k: k, n: n)
                case (nil, let reward?): Outcome(reward: reward, n: n)
                default: nil
                }
        } else {
            outcome = value.double.flatMap { Outcome(reward: $0) }
        }
        guard let outcome else {
            throw .invalid(
                .outOfRange, path,
                "\(path) is \(value.kind); it must be a rate from 0 to 1, or n with either k (0 to n) or reward (0 to 1)"
            )
        }
        return outcome
    }

    /// The members of an object, each with its path; none where it is absent.
    private mutating func members(
        _ key: String
    ) throws(HTTPFailure) -> [(name: String, path: String, value: JSONValue)] {
        guard let value = remove(key) else { return [] }
        let path = name(of: key)
        guard let object = value.object else {
            throw .invalid(.wrongType, path, "\(path): expected an object, found \(value.kind)")
        }
        return object.members.map { ($0.name, "\(path).\($0.name.prefix(80))", $0.value) }
    }
}
