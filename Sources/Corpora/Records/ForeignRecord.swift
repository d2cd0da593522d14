import JSON

/// Records of other programs, as rows with the usual keys.
///
/// The members of a record stay; those that this program reads come before them: `prompt`, `prompt_id`, `policy_id`,
/// `reward`. A reward key that the user named is therefore found as well.
struct ForeignRecord {
    let form: RecordForm
    let object: JSONObject

    /// Members of which one shows that a row may be such a record.
    static let signs = [
        "resps", "filtered_resps", "gts", "completion", "instance_id", "instance", "model_response", "full_prompt",
        "response", "references", "output",
    ]

    /// `nil` for a row that is none of the known records.
    init?(_ object: JSONObject) {
        let found =
            Self.lmEval(object) ?? Self.verl(object) ?? Self.helm(object) ?? Self.lightEval(object)
            ?? Self.batch(object) ?? Self.rollout(object)
        guard let (form, members) = found else { return nil }
        let names = Set(members.map(\.name))
        self.form = form
        self.object = JSONObject(members + object.members.filter { !names.contains($0.name) })
    }

    private typealias Found = (RecordForm, [JSONObject.Member])

    private static func lmEval(_ object: JSONObject) -> Found? {
        guard (object["resps"] ?? object["filtered_resps"]) != nil, let arguments = object["arguments"] else {
            return nil
        }
        // [["prompt", {…}], …], or {"gen_args_0": {"arg_0": "prompt", …}, …}
        let first = arguments.elements?.first ?? arguments.object?.members.first?.value
        let prompt =
            first?.elements?.first ?? first?.member(at: ["arg_0"]) ?? first.flatMap { $0.string == nil ? nil : $0 }
        let metrics = object["metrics"]?.elements?.compactMap(\.string) ?? []
        return (
            .lmEval,
            members(
                ("prompt", prompt), ("prompt_id", object["doc_id"]),
                ("reward", reward(in: object, names: metrics + RewardNames.known)))
        )
    }

    private static func verl(_ object: JSONObject) -> Found? {
        guard let input = object["input"]?.string, object["output"] != nil,
            let score = object["score"] ?? object["reward"], (object["gts"] ?? object["step"]) != nil
        else { return nil }
        return (.verl, members(("prompt", TemplateText.messages(in: input)), ("reward", score)))
    }

    private static func helm(_ object: JSONObject) -> Found? {
        if let id = object["instance_id"], let stats = object["stats"] {
            return (.helm, members(("prompt_id", id), ("reward", RewardNames.helm(stats))))
        }
        if let id = object["instance"]?.member(at: ["id"]), let request = object["request"] {
            let prompt = [request.member(at: ["messages"]), request.member(at: ["prompt"])].lazy.compactMap { $0 }
                .first { $0 != .null && $0 != .string("") }
            return (
                .helm,
                members(
                    ("prompt", prompt), ("prompt_id", id), ("policy_id", request.member(at: ["model"])))
            )
        }
        guard object["references"] != nil, let text = object["input"]?.member(at: ["text"]) else { return nil }
        return (.helm, members(("prompt", text)))
    }

    private static func lightEval(_ object: JSONObject) -> Found? {
        let doc = object["doc"]
        let asked =
            object["model_response"]?.member(at: ["input"]) ?? doc?.member(at: ["query"]) ?? object["full_prompt"]
        guard let asked, let metrics = (object["metric"] ?? object["metrics"])?.object else { return nil }
        // Model inputs are a text, messages, or a list with one of them.
        let prompt = asked.elements?.count == 1 ? asked.elements?.first?.string.map(JSONValue.string) ?? asked : asked
        return (
            .lightEval,
            members(
                ("prompt", prompt), ("prompt_id", doc?.member(at: ["id"])),
                ("reward", reward(in: metrics, names: RewardNames.known) ?? metrics.members.first?.value))
        )
    }

    private static func batch(_ object: JSONObject) -> Found? {
        guard let id = object["custom_id"], let body = object["response"]?.member(at: ["body"]) else { return nil }
        return (.openAIBatch, members(("prompt_id", id), ("policy_id", body.member(at: ["model"]))))
    }

    /// A row with a completion: of verifiers, of TRL, or of any program that logs its rollouts.
    private static func rollout(_ object: JSONObject) -> Found? {
        guard object["completion"] != nil, object["prompt"] != nil else { return nil }
        if object["reward"] != nil {
            let isVerifiers = ["answer", "example_id", "info", "task", "metrics"].contains { object[$0] != nil }
            return (isVerifiers ? .verifiers : .trl, members(("prompt_id", object["example_id"])))
        }
        guard let reward = RewardNames.column(of: object) else { return nil }
        return (.trl, members(("reward", reward)))
    }

    private static func reward(in object: JSONObject, names: [String]) -> JSONValue? {
        names.lazy.compactMap { object[$0] }.first { $0.double != nil || $0.bool != nil }
    }

    /// Members with a value.
    private static func members(_ pairs: (String, JSONValue?)...) -> [JSONObject.Member] {
        pairs.compactMap { name, value in
            guard let value, value != .null else { return nil }
            return JSONObject.Member(name: name, value: value)
        }
    }
}
