public import Scoring

/// The prompts of one or more files, in order, in bounded memory. Every line that is not blank gives exactly one
/// element, a prompt or an error.
///
/// Ids are unique in the corpus: a second row of one id is rejected and names the first. A row without an id gets
/// `sha256:` and the first 16 digits of its text's digest, and `#2`, `#3`, … where the text repeats. So it keeps its id
/// at any place in the files, as long as the rows of the same text keep their order. With `RowKeys.idsHaveFile`, an id of
/// a row begins with the name of its file.
public struct PromptCorpus {
    /// The result of reading one line.
    public enum Element: Hashable, Sendable {
        /// A prompt.
        case row(PromptRow)
        /// A line with an error.
        case rejected(RowError)
    }

    /// Numbers of rows that were read so far.
    public struct Counts: Hashable, Sendable {
        /// Valid rows.
        public var rows = 0
        /// Rejected lines.
        public var rejected = 0
        /// Valid rows whose id was derived.
        public var derivedIDs = 0
        /// Valid rows whose prompt ends with a turn of the assistant.
        public var assistantLast = 0
        /// Why the table of ids grows in memory instead of in a temporary file; `nil` as long as it does not.
        public var idsInMemory: String?
        /// No rows yet.
        public init() {}
    }

    /// Numbers of rows that were read so far.
    public private(set) var counts = Counts()
    /// Files that were read to their ends, in order; all of them after `next` has returned `nil`.
    public var files: [InputFile] { lines.finished }
    /// The digest of all input; it does not depend on compression. Valid after `next` has returned `nil`.
    public var digest: Digest { InputFile.digest(of: lines.finished) }

    private let layout: SharedRowLayout
    private let columns: SideColumns
    private var lines: RowFiles
    private var ids = IDIndex()
    private var texts = IDIndex()
    /// By file: what ids begin with, where they have their file.
    private let labels: [String: String]

    /// Checks that every file can be read, and opens none yet.
    public init(
        files: [String], keys: RowKeys = .automatic, columns: SideColumns = .none,
        lineBytesMax: Int = LineReader.lineBytesMax
    ) throws(CorporaError) {
        layout = SharedRowLayout(.prompts(keys, columns: columns))
        self.columns = columns
        lines = try RowFiles(files, rowBytesMax: lineBytesMax, columns: layout.layout.columnNames)
        labels = keys.idsHaveFile ? FileLabels.labels(of: lines.paths) : [:]
    }

    /// The next prompt or rejected line; `nil` at the end. Throws if reading fails.
    public mutating func next() throws(CorporaError) -> Element? {
        switch try lines.next() {
        case nil: return nil
        case .rejected(let error)?:
            counts.rejected += 1
            return .rejected(error)
        case .row(let content, let file, let line)?:
            let read: Result<PromptRow, RowProblem> = Result { () throws(RowProblem) in
                try row(content, file: file, line: line)
            }
            if let failure = ids.failure ?? texts.failure { throw failure }
            if counts.idsInMemory == nil, let reason = ids.staysInMemory ?? texts.staysInMemory {
                counts.idsInMemory = "\(reason)"
            }
            do throws(RowProblem) {
                let row = try read.get()
                counts.rows += 1
                if row.hasDerivedID { counts.derivedIDs += 1 }
                if row.endsWithAssistant { counts.assistantLast += 1 }
                return .row(row)
            } catch {
                counts.rejected += 1
                return .rejected(error.at(file, line: line))
            }
        }
    }

    private mutating func row(_ content: SourceRow.Content, file: String, line: Int) throws(RowProblem) -> PromptRow {
        let fields = try RowFields(content, layout: layout)
        let given = try fields.id().map { id in labels[file].map { "\($0)/\(id)" } ?? id }
        do throws(RowProblem) {
            guard let read = try fields.prompt() else {
                throw fields.missingPrompt(in: content)
            }
            let text = read.text
            let dataSource = try fields.string(.dataSource)
            let values = try fields.values(of: columns)
            let id = given ?? derivedID(of: text)
            // Beyond 2^32 lines the earlier row is still found, but no longer named.
            let ordinal = UInt32(clamping: lines.lines)
            if let earlier = ids.insert(IDTable.hash(id), number: ordinal) {
                throw RowProblem(
                    code: .duplicateID,
                    message: "the id \"\(clipped(id))\" is already used at \(lines.place(ofLine: Int(earlier)));"
                        + " make ids unique, give --id-from file where they start again in each file, or leave them out"
                        + " to have them derived")
            }
            return PromptRow(
                prompt: Prompt(id: id, text: text), dataSource: dataSource, columns: values,
                hasDerivedID: given == nil, endsWithAssistant: read.endsWithAssistant, file: file, line: line,
                bytes: lines.bytes)
        } catch {
            var problem = error
            problem.promptID = given
            throw problem
        }
    }

    private mutating func derivedID(of text: String) -> String {
        let digest = Digest(of: text)
        let occurrence = texts.increment(digest.leading)
        let id = "sha256:\(digest.leadingHex)"
        return occurrence == 1 ? id : "\(id)#\(occurrence)"
    }
}
