internal import Planning

extension AllocationStrategy {
    /// As people read it.
    var name: String {
        switch self {
        case .uniform: "uniform"
        case .dapoFilter: "DAPO filter"
        case .greedy: "paper's greedy"
        case .knapsack: "Knapsack RL"
        case .meanAlone: "mean alone"
        case .ours: "ours"
        case .oracle: "oracle"
        }
    }
}

extension ReplayBelief {
    /// As people read it.
    var name: String {
        switch self {
        case .none: "none"
        case .blind: "blind"
        case .model: "model"
        case .record: "own record"
        case .truth: "the truth"
        }
    }
}

extension ReplayFigure {
    /// In percent, with the larger standard error.
    var percent: String { decimals(100 * value, 1, sign: true) + " ± " + decimals(100 * error, 1) }
}

extension ReplayReport.Source {
    /// What was replayed, and what its truth is, in a sentence or two.
    var told: String {
        let cut =
            switch mode {
            case .steps: "versions in order"
            case .roles: "context rows known, query rows to come"
            }
        var text =
            "\(source): \(visits) visits of \(prompts) prompts by \(policies) policies, \(versions) versions; \(cut)"
        let (least, most) = (truthRollouts[0], truthRollouts[1])
        let logged = least == most ? "\(least)" : "\(least) to \(most)"
        switch truth {
        case .urn: text += "; truth: \(logged) logged rollouts each, drawn without putting back"
        case .posterior: text += "; truth: the rate's posterior given \(logged) logged rollouts each"
        }
        let left = [
            withoutRecord > 0 ? "\(withoutRecord) of which nothing was known before" : nil,
            withoutLater > 0 ? "\(withoutLater) that too few visits follow" : nil,
        ].compactMap { $0 }
        return left.isEmpty ? text : text + "; left out: visits " + left.joined(separator: ", ")
    }
}
