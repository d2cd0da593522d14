public import Scoring

/// The keys of a row's values. For a key that is not given, the usual names of the field are tried.
///
/// Of several keys of the prompt with commas between them, the texts are joined. A key may lead into nested objects by
/// dots (`body.messages`, `extra_info.index`); a key that itself contains the dots is tried first. All other keys of a
/// row (metadata, labels, answers) are checked to be JSON and skipped; NaN and half surrogates do no harm there.
///
/// | value | keys tried, in this order | used by |
/// |---|---|---|
/// | prompt | `PromptNames.prompts`: `prompt` `messages` `instruction` `input` `question` `problem` `conversations` and further ones | verl, TRL, SkyRL, ROLL, ours; ROLL; Alpaca; OpenRLHF, slime, NeMo-RL; datasets; datasets; ShareGPT |
/// | id | `prompt_id` `id` `uid` `custom_id` | ours; V0; SkyRL; OpenAI batch |
/// | source | `data_source` `dataset` `task_name` `domain` `tag` | verl; PipelineRL; NeMo-RL; ROLL; ROLL |
/// | policy | `policy_id` `policy` `model` | ours; –; V0 |
/// | version | `policy_version` `step` | ours; V0 |
/// | response tokens, cost | `response_tokens`, `cost` | ours; RouterArena |
/// | outcome | `reward`, else `k` or `successes` of `n`, else `score`, else `outcome` | ours; ours; V0, LLMRouterBench; ours |
///
/// In history rows `task` and `text` are not tried. `extra_info.index` of verl is never tried: it is 0 if it was not
/// set, and then all prompts would have the same id.
public struct RowKeys: Hashable, Sendable {
    /// Key of the prompt: a string or chat messages.
    public var prompt: String?
    /// Key of the id: a string or a whole number.
    public var id: String?
    /// Key of the data source.
    public var dataSource: String?
    /// Key of the policy in history rows.
    public var policyID: String?
    /// Key of the training step in history rows.
    public var policyVersion: String?
    /// Key of the mean reward in history rows.
    public var reward: String?
    /// Key of the prompt in history rows; else `prompt`, then the usual names.
    public var recordPrompt: String?
    /// Key of the id in history rows; else `id`, then the usual names.
    public var recordID: String?
    /// Makes prompts of several members.
    public var template: PromptTemplate?
    /// Leaves out the assistant's turns at the end of chat messages.
    public var dropsAnswer = false
    /// Puts the name of a row's file before its id, for shards whose ids start again.
    public var idsHaveFile = false
    /// The policy of history rows that name none.
    public var unnamedPolicy: Policy?
    /// How rewards become outcomes.
    public var rewards = RewardScale.unit

    /// Uses the keys that are given; for the others the usual names are tried.
    public init(
        prompt: String? = nil, id: String? = nil, dataSource: String? = nil, policyID: String? = nil,
        policyVersion: String? = nil, reward: String? = nil
    ) {
        self.prompt = prompt
        self.id = id
        self.dataSource = dataSource
        self.policyID = policyID
        self.policyVersion = policyVersion
        self.reward = reward
    }

    /// The keys of an id, in the order in which they are tried.
    public var idNames: [String] { id.map { [$0] } ?? Self.ids }

    /// The usual names are tried for every key.
    public static let automatic = RowKeys()

    static let ids = ["prompt_id", "id", "uid", "custom_id"]
    static let dataSources = ["data_source", "dataset", "task_name", "domain", "tag"]
    static let policyIDs = ["policy_id", "policy", "model"]
    static let policyVersions = ["policy_version", "step"]

    /// Whether a member of this name may be a prompt.
    static func isPrompt(_ name: String) -> Bool { PromptNames.prompts.contains(name.lowercased()) }
}
