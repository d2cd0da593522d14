import JSON
public import Scoring

/// What the first rows of prompt files are read as, for people: which keys, the first prompt, texts that are not read.
///
/// Reads on until a first row is good, so that a job can stop before it starts when there is none.
public struct PromptSample: Sendable {
    /// One file.
    public struct File: Sendable {
        /// The path as the caller wrote it.
        public let path: String
        /// Its format: `plain`, `gzip`, `csv` and so on.
        public fileprivate(set) var format = "plain"
        /// Good rows that were looked at.
        public fileprivate(set) var rows = 0
        /// Rows by the keys that their prompts were read from, such as `body + question`; most first.
        public fileprivate(set) var keys: [(name: String, rows: Int)] = []
        /// The first prompt, as a model reads it.
        public fileprivate(set) var first: Prompt?
        /// Members with text that is not in the prompt, by the number of rows that have one.
        public fileprivate(set) var unread: [(name: String, rows: Int)] = []
        /// Rows whose prompt ends with a turn of the assistant.
        public fileprivate(set) var assistantLast = 0
        /// Rows whose prompt has turns of the user that follow each other.
        public fileprivate(set) var openTurns = 0
        /// Rows whose prompt has the same text as an earlier one.
        public fileprivate(set) var repeats = 0
    }

    /// The files that were looked at.
    public private(set) var files: [File] = []
    /// Errors of rows that were looked at.
    public private(set) var errors = ErrorCounts()
    /// The first good rows.
    public private(set) var rows: [PromptRow] = []

    /// Files that are looked at, and rows of all of them.
    private static let filesMax = 20
    private static let rowsMax = 1000

    /// Looks at the first rows. Throws what stops the reading of a file.
    public static func read(_ paths: [String], keys: RowKeys = .automatic) throws(CorporaError) -> PromptSample {
        var sample = PromptSample()
        let paths = try InputPaths.expanded(paths)
        let each = max(50, rowsMax / max(1, min(paths.count, filesMax)))
        for (index, path) in paths.enumerated() {
            guard index < filesMax || sample.rows.isEmpty else { break }
            try sample.read(path, keys: keys, rowsMax: each)
        }
        return sample
    }

    private mutating func read(_ path: String, keys: RowKeys, rowsMax: Int) throws(CorporaError) {
        var draft = Draft(path: path, layout: .prompts(keys), isNamed: keys.prompt != nil || keys.template != nil)
        var lines = try RowFiles([path])
        var seen = 0
        while seen < rowsMax || rows.isEmpty, let line = try lines.next() {
            seen += 1
            switch line {
            case .rejected(let error): errors.add(error)
            case .row(let content, let file, let number):
                do throws(RowProblem) {
                    rows.append(try draft.receive(content, file: file, line: number))
                } catch {
                    errors.add(error.at(file, line: number))
                }
            }
        }
        files.append(draft.finished(format: lines.format))
    }

    /// The state of one file.
    private struct Draft {
        private let shared: SharedRowLayout
        /// Whether the user named what is read; then nothing is missing.
        let isNamed: Bool
        var file: File
        var keys: [KeyNumbers: Int] = [:]
        var unread: [String: Unread] = [:]
        var texts: Set<UInt64> = []

        struct Unread {
            var rows = 0
            var values: Set<UInt64> = []
        }

        var layout: RowLayout { shared.layout }

        init(path: String, layout: RowLayout, isNamed: Bool) {
            shared = SharedRowLayout(layout)
            self.isNamed = isNamed
            file = File(path: path)
        }

        mutating func receive(
            _ content: SourceRow.Content, file path: String, line: Int
        ) throws(RowProblem) -> PromptRow {
            let fields = try RowFields(content, layout: shared)
            guard let read = try fields.prompt() else {
                throw fields.missingPrompt(in: content)
            }
            let id = (try? fields.id()) ?? nil
            let prompt = Prompt(id: id ?? "", text: read.text)
            file.rows += 1
            if file.first == nil { file.first = prompt }
            if read.endsWithAssistant { file.assistantLast += 1 }
            if read.hasOpenTurns { file.openTurns += 1 }
            if !texts.insert(Digest(of: read.text).leading).inserted { file.repeats += 1 }
            keys[read.keys, default: 0] += 1
            if !isNamed, fields.form == nil { lookBeside(read, content) }
            return PromptRow(
                prompt: prompt, dataSource: (try? fields.string(.dataSource)) ?? nil, columns: [],
                hasDerivedID: id == nil,
                endsWithAssistant: read.endsWithAssistant, file: path, line: line)
        }

        private mutating func lookBeside(_ read: ReadPrompt, _ content: SourceRow.Content) {
            let names = Set(read.keys.numbers.map { layout.keys[$0] })
            let isInput = names.allSatisfy { PromptNames.inputs.contains($0.lowercased()) }
            for member in UnreadTexts.members(of: content) where !names.contains(member.name) {
                guard names.allSatisfy({ !$0.hasPrefix("\(member.name).") }),
                    let text = UnreadTexts.text(of: member, isInput: isInput), !read.text.contains(text)
                else { continue }
                unread[member.name, default: Unread()].rows += 1
                if unread[member.name]?.values.count ?? 0 < 2 {
                    unread[member.name]?.values.insert(Digest(of: text).leading)
                }
            }
        }

        func finished(format: String) -> File {
            var file = file
            file.format = format
            file.keys = keys.sorted {
                ($1.value, $0.key.numbers.lexicographicKey) < ($0.value, $1.key.numbers.lexicographicKey)
            }
            .map { entry in
                (name: entry.key.numbers.map { layout.keys[$0] }.joined(separator: " + "), rows: entry.value)
            }
            // One value for all rows is a label, whatever it says.
            file.unread = unread.filter { $0.value.values.count > 1 || file.rows == 1 }
                .map { (name: $0.key, rows: $0.value.rows) }.sorted { $0.name < $1.name }
            return file
        }
    }
}

extension [Int] {
    fileprivate var lexicographicKey: String { map { String($0 + 1000) }.joined() }
}
