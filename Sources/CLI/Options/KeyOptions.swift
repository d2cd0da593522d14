import ArgumentParser
import Corpora

/// The names of keys in rows, for files that do not use the usual names.
struct KeyOptions: ParsableArguments {
    @Option(help: "Key of the prompt. Default: prompt, question, messages and other usual names.")
    var promptKey: String?

    @Option(help: "Key of the row's id.")
    var idKey: String?

    @Option(help: "Key of the data source.")
    var sourceKey: String?

    @Option(help: "Key of the policy's id in history rows.")
    var policyKey: String?

    @Option(help: "Key of the reward in history rows.")
    var rewardKey: String?

    var keys: RowKeys {
        RowKeys(prompt: promptKey, id: idKey, dataSource: sourceKey, policyID: policyKey, reward: rewardKey)
    }

    /// The keys that were given, by the names that a run's manifest has for them.
    var settings: [String: String] {
        let given = [
            ("prompt_key", promptKey), ("id_key", idKey), ("source_key", sourceKey), ("policy_key", policyKey),
            ("reward_key", rewardKey),
        ]
        return Dictionary(uniqueKeysWithValues: given.compactMap { name, key in key.map { (name, $0) } })
    }
}
