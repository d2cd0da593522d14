internal import Reporting

// How beliefs, figures and sources appear in tables and plots.

extension ReplayBelief {
    /// Name in tables.
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
    var percent: String { decimals(100 * value, 1, sign: .always) + " ± " + decimals(100 * error, 1) }
}

extension ReplayReport.Source {
    /// One or two sentences: what was replayed, and where true outcomes come from.
    var summary: String {
        let split =
            switch mode {
            case .steps: "versions in order"
            case .roles: "context rows known, query rows to come"
            }
        var text =
            "\(source): \(visits) visits of \(prompts) prompts by \(policies) policies, \(versions) versions; \(split)"
        let (least, most) = (truthRollouts[0], truthRollouts[1])
        let logged = least == most ? "\(least)" : "\(least) to \(most)"
        switch truth {
        case .urn: text += "; truth: \(logged) logged rollouts each, drawn without replacement"
        case .posterior: text += "; truth: the rate's posterior given \(logged) logged rollouts each"
        }
        let left = [
            withoutRecord > 0 ? "\(withoutRecord) of which nothing was known before" : nil,
            withoutLater > 0 ? "\(withoutLater) followed by too few visits" : nil,
            withoutReferences > 0 ? "\(withoutReferences) without references" : nil,
        ].compactMap { $0 }
        return left.isEmpty ? text : text + "; left out: visits " + left.joined(separator: ", ")
    }
}
