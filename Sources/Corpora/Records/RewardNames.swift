import JSON

/// Names of metrics and reward columns that say whether an answer was right.
enum RewardNames {
    /// In order of preference.
    static let known = [
        "exact_match", "acc", "accuracy", "pass@1", "pass_at_1", "correct", "is_correct", "passed", "em",
        "extractive_match", "quasi_exact_match", "prefix_exact_match", "math_equiv", "mc1", "acc_norm", "score", "f1",
    ]

    /// Of HELM's statistics: `{"exact_match": 1}`, or `[{"name": {"name": "exact_match"}, "mean": 1}, …]`.
    static func helm(_ stats: JSONValue) -> JSONValue? {
        if let object = stats.object { return known.lazy.compactMap { object[$0] }.first }
        let entries = stats.elements ?? []
        for name in known {
            for entry in entries where entry.member(at: ["name", "name"])?.string == name {
                if let mean = entry.member(at: ["mean"]), mean.double != nil { return mean }
            }
        }
        return nil
    }

    /// The one column of a log whose name says that it is a reward; of several, the one of accuracy. `nil` if that is
    /// not clear.
    static func column(of object: JSONObject) -> JSONValue? {
        let columns = object.members.filter { member in
            let name = member.name.lowercased()
            let isReward = name.contains("reward") || name.contains("accuracy") || name.contains("correct")
            return isReward && (member.value.double != nil || member.value.bool != nil)
        }
        if columns.count == 1 { return columns[0].value }
        let exact = columns.filter {
            $0.name.lowercased().contains("accuracy") || $0.name.lowercased().contains("correct")
        }
        return exact.count == 1 ? exact[0].value : nil
    }
}
