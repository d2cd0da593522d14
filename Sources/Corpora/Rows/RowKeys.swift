import JSON

/// The keys of a row's values. For a key that is not given, the usual names of the field are tried.
///
/// A key may lead into nested objects by dots (`body.messages`, `extra_info.index`); a key that itself contains the
/// dots is tried first. All other keys of a row (metadata, labels, answers) are checked to be JSON and skipped.
///
/// | value | keys tried, in this order | used by |
/// |---|---|---|
/// | prompt | `prompt` `messages` `input` `question` `problem` `task` `origin_query` `body.messages` `body.input` | verl, TRL, SkyRL, ROLL, ours; ROLL; OpenRLHF, slime, NeMo-RL; datasets; datasets; PipelineRL; LLMRouterBench; OpenAI batch |
/// | id | `prompt_id` `id` `uid` `custom_id` | ours; V0; SkyRL; OpenAI batch |
/// | source | `data_source` `dataset` `task_name` `domain` `tag` | verl; PipelineRL; NeMo-RL; ROLL; ROLL |
/// | policy | `policy_id` `policy` `model` | ours; –; V0 |
/// | version | `policy_version` `step` | ours; V0 |
/// | response tokens, cost | `response_tokens`, `cost` | ours; RouterArena |
/// | outcome | `reward`, else `k` or `successes` of `n`, else `score`, else `outcome` | ours; ours; V0, LLMRouterBench; ours |
///
/// In history rows `task` is not tried. `extra_info.index` of verl is never tried: it is 0 if it was not set, and then
/// all prompts would have the same id.
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

    /// The usual names are tried for every key.
    public static let automatic = RowKeys()

    static let prompts = [
        "prompt", "messages", "input", "question", "problem", "task", "origin_query", "body.messages", "body.input",
    ]
    // Not `task`: in a row with an id it is more often a label than the prompt, and an outcome's prompt is found by its
    // id.
    static let historyPrompts = prompts.filter { $0 != "task" }
    static let ids = ["prompt_id", "id", "uid", "custom_id"]
    static let dataSources = ["data_source", "dataset", "task_name", "domain", "tag"]
    static let policyIDs = ["policy_id", "policy", "model"]
    static let policyVersions = ["policy_version", "step"]
}

/// The values of one row under the keys of a layout.
struct RowFields {
    private let layout: RowLayout
    private let values: [JSONValue?]

    init(_ bytes: [UInt8], layout: RowLayout) throws(RowProblem) {
        self.layout = layout
        do throws(JSONError) {
            var reader = JSONReader(utf8: bytes)
            values = try reader.object(selecting: layout.names)
        } catch {
            throw RowProblem(error)
        }
    }

    /// The first of a field's keys that is present and not null, with its value.
    func first(_ field: RowLayout.Field) -> (key: String, value: JSONValue)? {
        first(layout.candidates[field.rawValue][...])
    }

    private func first(_ candidates: ArraySlice<RowLayout.Candidate>) -> (key: String, value: JSONValue)? {
        for candidate in candidates {
            if let whole = candidate.whole, let value = values[whole], value != .null { return (candidate.key, value) }
            if let head = candidate.head, let value = values[head]?.member(at: candidate.tail), value != .null {
                return (candidate.key, value)
            }
        }
        return nil
    }

    /// The value of a column of the layout; `nil` if it is absent or null.
    func column(_ index: Int) -> JSONValue? {
        first(layout.columns[index...index])?.value
    }

    /// The keys that were tried, for a message.
    func keys(_ field: RowLayout.Field) -> String {
        layout.candidates[field.rawValue].map(\.key).joined(separator: ", ")
    }
}

/// The top-level members to read, and the fields that each of them may have. Made once for a file.
struct RowLayout {
    enum Field: Int, CaseIterable {
        case prompt, id, dataSource, policyID, policyVersion, reward, k, n, score, outcome, role
        case responseTokens, cost
        case p, kappa, pLo, pHi, status, error, evidence
    }

    struct Candidate {
        let key: String
        /// Index of the member whose name is the whole key.
        let whole: Int?
        /// Index of the member at which the path starts, if the key has dots.
        let head: Int?
        let tail: [String]
    }

    private(set) var names: [[UInt8]] = []
    private(set) var candidates: [[Candidate]]
    /// Columns of the user's own, in the order of `SideColumns.names`.
    private(set) var columns: [Candidate] = []

    /// Fields without keys are not read.
    init(_ keys: [Field: [String]], columns names: SideColumns = .none) {
        candidates = Array(repeating: [], count: Field.allCases.count)
        for field in Field.allCases {
            for key in keys[field] ?? [] { candidates[field.rawValue].append(candidate(key)) }
        }
        for name in names.names { columns.append(candidate(name)) }
    }

    private mutating func candidate(_ key: String) -> Candidate {
        let path = key.split(separator: ".").map(String.init)
        let whole = place(of: key)
        let head = path.count > 1 ? place(of: path[0]) : nil
        return Candidate(key: key, whole: whole, head: head, tail: Array(path.dropFirst()))
    }

    static func prompts(_ keys: RowKeys, columns: SideColumns = .none) -> RowLayout {
        RowLayout(
            [
                .prompt: keys.prompt.map { [$0] } ?? RowKeys.prompts,
                .id: keys.id.map { [$0] } ?? RowKeys.ids,
                .dataSource: keys.dataSource.map { [$0] } ?? RowKeys.dataSources,
            ], columns: columns)
    }

    static func history(_ keys: RowKeys, columns: SideColumns = .none) -> RowLayout {
        let fields: [Field: [String]] = [
            .prompt: keys.prompt.map { [$0] } ?? RowKeys.historyPrompts,
            .id: keys.id.map { [$0] } ?? RowKeys.ids,
            .policyID: keys.policyID.map { [$0] } ?? RowKeys.policyIDs,
            .policyVersion: keys.policyVersion.map { [$0] } ?? RowKeys.policyVersions,
            .reward: [keys.reward ?? "reward"],
            .k: ["k", "successes"], .n: ["n"], .score: ["score"], .outcome: ["outcome"], .role: ["role"],
            .responseTokens: ["response_tokens"], .cost: ["cost"],
        ]
        return RowLayout(fields, columns: columns)
    }

    static let scores = RowLayout([
        .id: ["prompt_id"], .p: ["p"], .kappa: ["kappa"], .pLo: ["p_lo"], .pHi: ["p_hi"], .status: ["status"],
        .error: ["error"], .evidence: ["evidence"],
    ])

    private mutating func place(of name: String) -> Int {
        let name = Array(name.utf8)
        if let place = names.firstIndex(of: name) { return place }
        names.append(name)
        return names.count - 1
    }
}
