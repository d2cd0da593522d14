import ArrowFiles

/// The columns of rows in Parquet and Arrow files: the keys of the JSON lines, with their types.
enum RowColumns {
    /// Rows of `score`, as `PartWriter` writes them.
    static let scores: [ArrowEncoder.Column] = [
        .init("prompt_id", .text), .init("p", .float), .init("kappa", .float), .init("p_lo", .float),
        .init("p_hi", .float), .init("policy_id", .text), .init("policy_version", .int64),
        .init("context_size", .int64), .init("model", .text), .init("truncated", .bool),
        .init("evidence.context_rows", .int64), .init("evidence.references", .int64),
        .init("evidence.own_record", .bool), .init("status", .text), .init("error.code", .text),
        .init("error.message", .text), .init("error.file", .text), .init("error.line", .int64),
    ]

    /// Rows of `plan`.
    static let budgets: [ArrowEncoder.Column] = [
        .init("prompt_id", .text), .init("n", .int64), .init("p", .double), .init("kappa", .double),
        .init("source", .text), .init("reason", .text), .init("plan_id", .text), .init("expected_tokens", .double),
        .init("evidence.context_rows", .int64), .init("evidence.references", .int64),
        .init("evidence.own_record", .bool),
    ]

    /// Rows of `plan --export verl`.
    static let verl: [ArrowEncoder.Column] = [.init("prompt_id", .text), .init(TrainerFile.column, .int64)]
}
