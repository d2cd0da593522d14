public import Scoring

/// Where side information comes from: files and columns, as a user names them.
///
/// The rules. A file of references has rows as a history, of any policies. Rows of the target's very version are left
/// out: they would be the answer. So are those of later versions, and of versions that cannot be ordered. Of the earlier
/// versions, the newest with an outcome on a prompt is the policy's own record there: a column of its own if it is
/// `staleSteps` old, else counts that are joined with the prediction. The others are references.
public struct SideFiles: Sendable {
    /// Files with outcomes of other policies.
    public var references: [String]
    /// Columns of prompt and history rows.
    public var columns: SideColumns
    /// Vectors by id.
    public var vectors: [VectorSource]
    /// From this age on, an own record is a column instead of counts.
    public var staleSteps: Int
    /// Decides which prompts join the pool.
    public var seed: UInt64

    /// Names files and columns; nothing is read yet.
    public init(
        references: [String] = [], columns: SideColumns = .none, vectors: [VectorSource] = [],
        staleSteps: Int = SideSchema.staleStepsDefault, seed: UInt64 = 0
    ) {
        self.references = references
        self.columns = columns
        self.vectors = vectors
        self.staleSteps = staleSteps
        self.seed = seed
    }

    /// Whether there is none.
    public var isEmpty: Bool { references.isEmpty && columns == .none && vectors.isEmpty }

    /// A history with side information, and what finds that of the prompts.
    public struct Joined: Sendable {
        /// Its context has schema, pool and the rows' side information.
        public let history: ContextFile
        /// Finds a prompt's side information.
        public let index: SideIndex
        /// The prompt files, read to their ends.
        public let survey: [InputFile]
        /// What was found, and what was left out.
        public let report: SideReport
    }

    /// Reads the references, then the prompts once, and joins both with the history, by id and else by text.
    ///
    /// `keys` are those of all rows. Memory: `ReferenceTable`'s, the pool and the context. Throws what stops the reading
    /// of a file, and `badSideInformation` where the parts are beyond the bounds of a schema
    /// or of a context.
    public func join(
        _ history: ContextFile, promptFiles: [String], keys: RowKeys = .automatic
    ) throws(CorporaError) -> Joined {
        var draft = SideDraft(self, history: history)
        var outcomes = try HistoryCorpus(files: references, keys: keys)
        while let element = try outcomes.next() { draft.receive(element) }
        var prompts = try PromptCorpus(files: promptFiles, keys: keys, columns: columns)
        while let element = try prompts.next() {
            if case .row(let row) = element { draft.survey(row) }
        }
        return try draft.joined(referenceFiles: outcomes.files, survey: prompts.files)
    }
}
