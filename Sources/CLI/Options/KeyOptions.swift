import ArgumentParser
import CommandSupport
import Corpora

/// Names of keys in rows, where they are not the usual ones.
struct KeyOptions: ParsableArguments {
    @Option(help: "Key of the prompt; default: found by itself.")
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
}
