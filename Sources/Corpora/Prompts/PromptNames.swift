/// Usual names of the members that make a prompt, and of those that never do.
enum PromptNames {
    /// Tried in this order.
    static let prompts = [
        "prompt", "messages", "instruction", "input", "question.stem", "question", "problem", "conversations",
        "conversation", "turns", "inputs", "query", "origin_query", "question_text", "question_stem",
        "question_content", "problem_statement", "body.messages", "body.prompt", "body.input", "params.messages",
        "request.contents", "ctx", "task", "text",
    ]
    /// In history rows `task` and `text` are not tried: beside an id they are more often a label and an answer.
    static let ofHistory = prompts.filter { $0 != "task" && $0 != "text" }
    /// A prompt under these names may be a label, such as the name of a data set.
    static let labels: Set<String> = ["task"]

    /// Prompts under these names are complete: nothing is joined to them.
    static let complete: Set<String> = [
        "prompt", "messages", "conversations", "conversation", "turns", "body.messages", "params.messages",
        "request.contents", "task", "text",
    ]
    /// Instructions for the model, put before the prompt as a message of the system.
    static let systems = ["system_prompt", "system", "body.instructions", "params.system"]
    /// Texts that a question is about, put before it.
    static let contexts = [
        "body", "context", "passage", "story", "paragraph", "article", "document", "background", "scenario",
        "task_prefix",
    ]
    /// Of these and of `systems`, what counts for all rows of a file when it is written once beside them.
    static let contextsOfAll: Set<String> = ["context", "passage", "story", "article", "task_prefix"]
    /// Choices of a question, put behind it.
    static let choices = ["choices", "options", "endings", "question.choices", choicesByScore]
    /// Of BIG-bench tasks: an object whose names are the choices and whose values are their scores.
    static let choicesByScore = "target_scores"
    /// Names of single choices: each list is one set.
    static let letters = [
        ["A", "B", "C", "D", "E"], ["a", "b", "c", "d", "e"], ["opa", "opb", "opc", "opd", "ope"],
        ["option_a", "option_b", "option_c", "option_d", "option_e"],
        ["option1", "option2", "option3", "option4", "option5"],
        ["choice1", "choice2", "choice3", "choice4", "choice5"], ["answerA", "answerB", "answerC", "answerD"],
        ["answer0", "answer1", "answer2", "answer3"], ["ending0", "ending1", "ending2", "ending3"], ["sol1", "sol2"],
    ]

    /// A prompt under these names may be what a text beside it is applied to, such as a function's arguments.
    static let inputs: Set<String> = ["input", "inputs"]
    /// Of `beside`, what such an input may be applied to.
    static let besideInputs: Set<String> = ["code"]
    /// Texts that belong to the answer or describe the row: not reading them is right.
    static let beside: Set<String> = [
        "answer", "answers", "answerkey", "output", "outputs", "completion", "completions", "response", "responses",
        "solution", "solutions", "target", "targets", "label", "labels", "gold", "ground_truth", "gts", "reference",
        "references", "canonical_solution", "code", "test", "tests", "test_list", "test_setup_code", "entry_point",
        "rationale", "explanation", "reasoning", "chosen", "rejected", "final_answer", "correct_answer",
        "best answer", "correct answers", "incorrect answers", "best_answer", "correct_answers", "incorrect_answers",
        "distractor1", "distractor2", "distractor3", "support", "equation", "formula", "source", "url", "license",
        "data_source", "dataset", "task", "task_name", "subject", "category", "type", "topic", "level", "difficulty",
        "domain", "tag", "tags", "split", "id", "uid", "prompt_id", "custom_id", "task_id", "unique_id", "qid", "name",
        "title", "model", "policy", "policy_id", "generated_solution", "cot", "thought", "metadata", "ability",
        "gt_cot", "generation", "generations", "model_output", "predicted_text", "prediction", "error", "status",
        "role",
        "created_at", "timestamp", "date", "author", "language", "style", "doc_hash", "prompt_hash", "target_hash",
    ]

    /// A name, and the forms that files write it in: `question`, `Question`.
    static func forms(of name: String) -> [String] {
        guard !name.contains("."), let first = name.first, first.isLowercase else { return [name] }
        return [name, first.uppercased() + name.dropFirst()]
    }
}
