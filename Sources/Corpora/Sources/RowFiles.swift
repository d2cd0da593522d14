/// The rows of several files, one after the other. Blank lines are skipped; lines that cannot be rows are rejected.
struct RowFiles {
    enum Line {
        case row(SourceRow.Content, file: String, line: Int)
        case rejected(RowError)
    }

    /// Files read to their ends, in order.
    private(set) var finished: [InputFile] = []
    /// Number of rows of all files so far, including blank ones.
    private(set) var lines = 0
    /// The bytes of the last row in its file, where it is a line.
    private(set) var bytes: Range<Int>?
    /// The files opened so far, each with the number of rows before it.
    private(set) var begun: [(path: String, linesBefore: Int)] = []
    /// All files, with folders and patterns replaced by what they mean.
    let paths: [String]

    private var waiting: ArraySlice<String>
    private var source: (any RowSource)?
    private var blankLines = 0
    private let rowBytesMax: Int
    private let isChecked: Bool
    private let columns: Set<String>?

    /// Checks first that every file can be read, so that a misspelt name does not stop a job in its middle.
    ///
    /// `columns` are the only top-level members that are needed; `nil` needs all.
    init(
        _ paths: [String], rowBytesMax: Int = LineReader.lineBytesMax, isChecked: Bool = true,
        columns: Set<String>? = nil
    ) throws(CorporaError) {
        let paths = try InputPaths.expanded(paths)
        try InputPaths.check(paths)
        self.paths = paths
        self.waiting = paths[...]
        self.rowBytesMax = rowBytesMax
        self.isChecked = isChecked
        self.columns = columns
    }

    /// The format of the current file, else of the last one.
    var format: String { source?.format ?? finished.last?.format ?? "plain" }

    mutating func next() throws(CorporaError) -> Line? {
        while let source = try current() {
            guard let row = try source.next() else {
                finish(source)
                continue
            }
            lines += 1
            bytes = row.bytes
            switch row.content {
            case .blank: blankLines += 1
            case .json, .members: return .row(row.content, file: source.path, line: row.number)
            case .rejected(let code, let message):
                return .rejected(RowError(file: source.path, line: row.number, code: code, message: message))
            }
        }
        return nil
    }

    /// Reads all files to their ends, for their digests and numbers of rows only.
    mutating func skipToEnd() throws(CorporaError) {
        while let source = try current() {
            blankLines += try source.skipToEnd()
            lines += source.rows
            finish(source)
        }
    }

    /// The file name and line number of a line that is given by its number among the lines of all files, as `lines`
    /// counts. The name has no folder, so that output does not depend on the folder of a file.
    func place(ofLine ordinal: Int) -> String {
        guard let file = begun.last(where: { $0.linesBefore < ordinal }) else { return "an earlier line" }
        return "\(InputFile.name(of: file.path)):\(ordinal - file.linesBefore)"
    }

    private mutating func finish(_ source: any RowSource) {
        finished.append(
            InputFile(
                path: source.path, format: source.format, digest: source.digest, lines: source.rows,
                blankLines: blankLines))
        self.source = nil
    }

    private mutating func current() throws(CorporaError) -> (any RowSource)? {
        if let source { return source }
        guard let path = waiting.popFirst() else { return nil }
        begun.append((path, lines))
        blankLines = 0
        let opened = try RowFormats.open(path, columns: columns, rowBytesMax: rowBytesMax, isChecked: isChecked)
        source = opened
        return opened
    }
}
