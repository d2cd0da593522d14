/// The programs whose records of rollouts are read as they are. Raw values are for people.
public enum RecordForm: String, Sendable, CaseIterable {
    /// `samples_*.jsonl` of the LM Evaluation Harness.
    case lmEval = "lm-eval samples"
    /// A rollout dump of verl (`trainer.rollout_data_dir`).
    case verl = "verl rollout dump"
    /// Results of verifiers and prime-rl.
    case verifiers = "verifiers results"
    /// The log of completions of TRL.
    case trl = "TRL completions log"
    /// `per_instance_stats.json`, `display_predictions.json`, `scenario_state.json` or `instances.json` of HELM.
    case helm = "HELM"
    /// Details of LightEval.
    case lightEval = "LightEval details"
    /// The output of an OpenAI batch.
    case openAIBatch = "OpenAI batch output"

    /// What is read from it, for people.
    public var reading: String {
        switch self {
        case .lmEval: "prompt from arguments, reward from the first metric; one filter, the first of the file"
        case .verl: "prompt from input, reward from score, version from step"
        case .verifiers: "prompt, reward; rows of one prompt are summed"
        case .trl: "prompt, the reward column, version from step; rows of one prompt are summed"
        case .helm: "id from instance_id, reward from the first known metric of stats"
        case .lightEval: "prompt from model_response.input or doc.query, reward from the first known metric"
        case .openAIBatch: "id from custom_id, policy from the answer's model; it has no rewards of its own"
        }
    }
}
