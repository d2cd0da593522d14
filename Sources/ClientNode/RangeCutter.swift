import Corpora
import Scoring

/// Collects where the rows of a shard are: rows that follow each other in a file are one range.
///
/// A blank line or a rejected one ends a range, so a worker reads exactly the rows that the client sends.
struct RangeCutter {
    private let files: RangeFiles
    private var named: [RowRanges.File] = []
    private var ranges: [RowRanges.Range] = []
    /// The path of the last file, as the caller wrote it.
    private var path: String?

    init(_ files: RangeFiles) {
        self.files = files
    }

    /// Adds a row of a surveyed file.
    mutating func append(_ row: PromptRow) {
        guard let file = files[row.file] else { return }
        if path != row.file {
            path = row.file
            named.append(file)
        }
        let bytes = file.kind == .lines ? row.bytes ?? 0..<0 : 0..<0
        if let last = ranges.last, last.file == named.count - 1, last.firstRow + last.rows == row.line,
            last.bytes.upperBound == bytes.lowerBound
        {
            ranges[ranges.count - 1].rows += 1
            ranges[ranges.count - 1].bytes = last.bytes.lowerBound..<bytes.upperBound
        } else {
            ranges.append(RowRanges.Range(file: named.count - 1, firstRow: row.line, rows: 1, bytes: bytes))
        }
    }

    /// Where the rows of these texts are.
    func ranges(of texts: [String]) -> RowRanges {
        RowRanges(files: named, ranges: ranges, keys: files.keys, digest: RowRanges.digest(of: texts))
    }
}
