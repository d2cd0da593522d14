import JSON
import Scoring

/// The top-level members to read, and the fields that each of them may have. Made once for a file.
struct RowLayout {
    enum Field: Int, CaseIterable {
        case prompt, id, dataSource, policyID, policyVersion, reward, k, n, score, outcome, role
        case responseTokens, cost, filter, completion
        case p, kappa, pLo, pHi, status, error, evidence, truncated
    }

    struct Candidate {
        let key: String
        /// Index of the member whose name is the whole key.
        let whole: Int?
        /// Index of the member at which the path starts, if the key has dots.
        let head: Int?
        let tail: [String]
        /// Its place among `keys`.
        let number: Int
        /// Whether nothing is joined to a prompt under this key.
        let isComplete: Bool
        /// Whether a prompt under this key may be a label.
        let mayBeLabel: Bool

        /// The member that the value is in.
        var places: [Int] { [whole, head].compactMap { $0 } }
    }

    /// Keys that are tried in order, and the members that they are about: most rows have none of most fields.
    struct Candidates {
        private(set) var all: [Candidate] = []
        private(set) var places = JSONPlaces()

        init(_ candidates: [Candidate] = []) {
            for candidate in candidates { append(candidate) }
        }

        mutating func append(_ candidate: Candidate) {
            all.append(candidate)
            for place in candidate.places { places.insert(place) }
        }
    }

    private(set) var names = JSONNames()
    /// All keys, by number.
    private(set) var keys: [String] = []
    /// How the prompt is made.
    var prompt = PromptLayout(form: .joined([]), dropsAnswer: false)
    /// The same, for formats with columns.
    var columnNames: Set<String> { Set(names.all.map { String(decoding: $0, as: UTF8.self) }) }
    private(set) var candidates: [Candidates]
    /// Columns of the user's own, in the order of `SideColumns.names`.
    private(set) var columns: [Candidate] = []

    /// Policy of history rows that name none.
    private(set) var unnamedPolicy: Policy?
    /// How rewards become outcomes.
    private(set) var rewards = RewardScale.unit
    /// Places of members that records of other programs have.
    private var signs: [Int] = [] { didSet { signPlaces = JSONPlaces(signs) } }
    private var signPlaces = JSONPlaces()

    /// Whether a row may be the record of another program.
    func mayBeForeign(_ members: JSONReader.Row) -> Bool {
        members.mayHave(any: signPlaces) && signs.contains { members.has($0) }
    }

    /// Fields without keys are not read.
    init(_ keys: [Field: [String]], columns names: SideColumns = .none) {
        candidates = Array(repeating: Candidates(), count: Field.allCases.count)
        for field in Field.allCases {
            for key in keys[field] ?? [] { candidates[field.rawValue].append(candidate(key)) }
        }
        for name in names.names { columns.append(candidate(name)) }
    }

    mutating func candidate(_ key: String) -> Candidate {
        let path = key.split(separator: ".").map(String.init)
        let whole = names.place(of: key)
        let head = path.count > 1 ? names.place(of: path[0]) : nil
        let number = keys.firstIndex(of: key) ?? keys.count
        if number == keys.count { keys.append(key) }
        return Candidate(
            key: key, whole: whole, head: head, tail: Array(path.dropFirst()), number: number,
            isComplete: PromptNames.complete.contains(key.lowercased()), mayBeLabel: PromptNames.labels.contains(key))
    }

    static func prompts(_ keys: RowKeys, columns: SideColumns = .none) -> RowLayout {
        var layout = RowLayout(
            [
                .id: keys.idNames,
                .dataSource: keys.dataSource.map { [$0] } ?? RowKeys.dataSources,
            ], columns: columns)
        layout.addPrompts(
            named: keys.prompt, template: keys.template, fallback: false, names: PromptNames.prompts,
            dropsAnswer: keys.dropsAnswer)
        layout.signs = ForeignRecord.signs.map { layout.names.place(of: $0) }
        return layout
    }

    /// Keys of the record come first, then those of the prompts, then the usual names.
    static func history(_ keys: RowKeys, columns: SideColumns = .none) -> RowLayout {
        let fields: [Field: [String]] = [
            .id: keys.recordID.map { [$0] } ?? ((keys.id.map { [$0] } ?? []) + RowKeys.ids),
            .policyID: keys.policyID.map { [$0] } ?? RowKeys.policyIDs,
            .policyVersion: keys.policyVersion.map { [$0] } ?? RowKeys.policyVersions,
            .reward: [keys.reward ?? "reward"],
            .k: ["k", "successes"], .n: ["n"], .score: ["score"],
            .outcome: ["outcome", "correct", "is_correct", "passed"],
            .role: ["role"], .filter: ["filter"], .completion: ["completion", "response", "output", "resps"],
            .responseTokens: ["response_tokens"], .cost: ["cost"],
        ]
        var layout = RowLayout(fields, columns: columns)
        layout.addPrompts(
            named: keys.recordPrompt ?? keys.prompt, template: keys.recordPrompt == nil ? keys.template : nil,
            fallback: keys.recordPrompt == nil, names: PromptNames.ofHistory, dropsAnswer: keys.dropsAnswer)
        layout.signs = ForeignRecord.signs.map { layout.names.place(of: $0) }
        layout.unnamedPolicy = keys.unnamedPolicy
        layout.rewards = keys.rewards
        return layout
    }

    static let scores = RowLayout([
        .id: ["prompt_id"], .p: ["p"], .kappa: ["kappa"], .pLo: ["p_lo"], .pHi: ["p_hi"], .status: ["status"],
        .error: ["error"], .evidence: ["evidence"], .truncated: ["truncated"],
    ])
}

/// A layout as the rows of a file share it: a copy of the layout itself counts references of a dozen arrays, for every row.
final class SharedRowLayout: Sendable {
    let layout: RowLayout

    init(_ layout: RowLayout) { self.layout = layout }

    static let scores = SharedRowLayout(.scores)
}
