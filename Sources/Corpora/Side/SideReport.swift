public import Scoring

/// What side information was found, and what of it was left out.
public struct SideReport: Sendable {
    /// A reference and the prompts that it has outcomes on.
    public struct Reference: Codable, Hashable, Sendable {
        /// A policy, or a column.
        public let name: String
        /// `other_policy` or `own_record`.
        public let kind: String
        /// Rows of the context with an outcome.
        public let contextRows: Int
        /// Prompts with an outcome.
        public let prompts: Int

        enum CodingKeys: String, CodingKey {
            case name, kind, prompts
            case contextRows = "context_rows"
        }
    }

    /// A file of vectors and what it covers.
    public struct Vectors: Codable, Hashable, Sendable {
        /// The file's name without folder and ending.
        public let name: String
        /// Rows of the context with a vector.
        public let contextRows: Int
        /// Prompts with a vector.
        public let prompts: Int

        enum CodingKeys: String, CodingKey {
            case name, prompts
            case contextRows = "context_rows"
        }
    }

    /// A reason for worse predictions, or for rows that were not used.
    public enum Warning: Hashable, Sendable, CustomStringConvertible {
        /// Outcomes of the target's very version are the answer.
        case targetLeftOut(Policy, rows: Int)
        /// Outcomes of later versions of the target.
        case laterLeftOut(Policy, rows: Int)
        /// Versions of the target of which none can be called earlier.
        case unorderedLeftOut(Policy, rows: Int)
        /// Further policies than a schema has room for.
        case referencesLeftOut([String])
        /// A reference without outcomes on the context: how it relates to the policy is not known.
        case notInContext(String)
        /// No outcome of the references is on a prompt or on a row of the context. `first` is an id or text of theirs.
        case referencesUnused(rows: Int, first: String, prompt: String?)
        /// A file of vectors without a vector for any prompt, or for any row of the context.
        case vectorsUnused(String, prompts: Int, contextRows: Int, first: String?)
        /// A column with numbers in some rows and texts in others.
        case mixedColumn(String)
        /// A column that no row has.
        case emptyColumn(String)
        /// Rows of the files of references were rejected.
        case rejected(Int)

        /// The fact and its consequence.
        public var description: String {
            switch self {
            case .targetLeftOut(let policy, let rows):
                "\(rows) rows of \(policy) itself were left out of the references: they would be the answer"
            case .laterLeftOut(let policy, let rows):
                "\(rows) rows of versions after \(policy) were left out of the references"
            case .unorderedLeftOut(let policy, let rows):
                "\(rows) rows of versions of \(policy.id) were left out of the references: without a version on both sides,"
                    + " none is known to be earlier; name it with --policy ID@VERSION"
            case .referencesLeftOut(let names):
                "\(names.count) references beyond the \(SideSchema.referencesMax) that cover most context rows were left"
                    + " out: \(names.prefix(5).joined(separator: ", "))\(names.count > 5 ? ", …" : "")"
            case .notInContext(let name):
                "\(name) has no outcome on a prompt of the context; it counts by its own mean only"
            case .referencesUnused(0, _, _): "the references have no outcome of another policy; they change nothing"
            case .referencesUnused(let rows, let first, let prompt):
                "none of the \(rows) outcomes of the references is on a prompt or a context row, so they change nothing:"
                    + " theirs are as \"\(clipped(first))\", the prompts as \"\(clipped(prompt ?? ""))\"; see --record-id-key"
            case .vectorsUnused(let name, let prompts, let contextRows, let first):
                "\(name) has vectors for \(prompts) prompts and \(contextRows) context rows, so they change nothing; its"
                    + " ids are as \"\(clipped(first ?? ""))\""
            case .mixedColumn(let name): "column \(name) has numbers and texts; it is used as a category"
            case .emptyColumn(let name): "no row has a value in column \(name)"
            case .rejected(let rows): "\(rows) rows of the references could not be used"
            }
        }
    }

    /// Those of the schema, in its order.
    public let references: [Reference]
    /// Columns with numbers.
    public let numbers: [String]
    /// Columns with categories.
    public let categories: [String]
    /// Files of vectors, in the order of the schema.
    public let vectors: [Vectors]
    /// Prompts with an outcome of a reference or an own record.
    public let promptsWithReferences: Int
    /// Prompts of the pool.
    public let poolRows: Int
    /// What limits the predictions.
    public let warnings: [Warning]
    /// The first rejected rows of references; at most `ContextFile.problemsMax`.
    public let problems: [RowError]
    /// Files of references, read to their ends.
    public let files: [InputFile]
}
