import ArgumentParser
import CommandSupport
import Corpora

/// How rows are read: the names of their keys, templates, ids and rewards.
struct KeyOptions: ParsableArguments {
    @Option(
        help: """
            Key of the prompt, or several with commas, whose texts are joined: body,question. Default: prompt, messages, \
            question and other usual names, with the text and the choices that belong to a question.
            """)
    var promptKey: String?

    @Option(help: "Makes prompts of several keys: 'Passage: {body}\\nQuestion: {question}'.")
    var template: String?

    @Flag(help: "Leave out the assistant's turns at the end of chat messages: they are the answer.")
    var dropLastAssistant = false

    @Option(help: "Key of the row's id.")
    var idKey: String?

    @Option(
        help: "row: ids as they are; file: with the name of their file before them, for shards whose ids start again.")
    var idFrom = IDSource.row

    @Option(help: "Key of the data source.")
    var sourceKey: String?

    @Option(help: "Key of the prompt in history rows. Default: --prompt-key, else the usual names.")
    var recordPromptKey: String?

    @Option(
        name: .customLong("record-id-key"),
        help: "Key of the id in history rows. Default: --id-key, else the usual names.")
    var recordIDKey: String?

    @Option(help: "Key of the policy's id in history rows.")
    var policyKey: String?

    @Option(help: "Key of the reward in history rows.")
    var rewardKey: String?

    @Option(
        parsing: .unconditional, help: "Range of the rewards in history rows, such as -1..1. Default: 0..1.",
        transform: RewardRange.init(argument:))
    var rewardRange: RewardRange?

    @Option(parsing: .unconditional, help: "A rollout with a reward above this number is a success; all others fail.")
    var successAbove: Double?

    func validate() throws {
        if promptKey != nil, template != nil { throw ValidationError("give either --prompt-key or --template") }
        if let template, PromptTemplate(template) == nil {
            throw ValidationError("--template '\(template)': name keys in braces, such as {question}; {{ is a brace")
        }
        if rewardRange != nil, successAbove != nil {
            throw ValidationError("give either --reward-range or --success-above")
        }
        if let successAbove, !successAbove.isFinite { throw ValidationError("--success-above needs a number") }
    }

    var keys: RowKeys {
        var keys = RowKeys(prompt: promptKey, id: idKey, dataSource: sourceKey, policyID: policyKey, reward: rewardKey)
        keys.template = template.flatMap { PromptTemplate($0) }
        keys.recordPrompt = recordPromptKey
        keys.recordID = recordIDKey
        keys.dropsAnswer = dropLastAssistant
        keys.idsHaveFile = idFrom == .file
        if let rewardRange { keys.rewards = .range(rewardRange.range) }
        if let successAbove { keys.rewards = .threshold(successAbove) }
        return keys
    }

    /// What was given, by the names that a run's manifest has for it.
    var settings: [String: String] {
        let given = [
            ("prompt_key", promptKey), ("id_key", idKey), ("source_key", sourceKey), ("policy_key", policyKey),
            ("reward_key", rewardKey), ("template", template), ("record_prompt_key", recordPromptKey),
            ("record_id_key", recordIDKey), ("drop_last_assistant", dropLastAssistant ? "true" : nil),
            ("id_from", idFrom == .row ? nil : idFrom.rawValue), ("reward_range", rewardRange.map { "\($0.range)" }),
            ("success_above", successAbove.map { "\($0)" }),
        ]
        return Dictionary(uniqueKeysWithValues: given.compactMap { name, key in key.map { (name, $0) } })
    }
}

/// Where the id of a row comes from.
enum IDSource: String, ExpressibleByArgument, CaseIterable {
    case row
    case file
}

/// A range as typed: `-1..1`, `-1,1` or `-1:1`.
struct RewardRange {
    let range: ClosedRange<Double>

    init(argument: String) throws {
        let ends = argument.replacing("..", with: ",").replacing(":", with: ",").split(separator: ",").map {
            Double($0)
        }
        guard ends.count == 2, let low = ends[0], let high = ends[1], low.isFinite, high.isFinite, low < high else {
            throw ValidationError("'\(argument)' is not a range of rewards; write the lowest and the highest, as -1..1")
        }
        range = low...high
    }
}
