/// Where the rows of a shard are: files, consecutive rows of them, and how a text is made of a row.
///
/// A client sends it instead of texts, and a worker reads the rows itself. The digest is that of the texts as the client has
/// them. So a worker that reads anything else notices it, whatever the reason, and no answer is of another text.
public struct RowRanges: Hashable, Sendable {
    /// A file that rows are in, and what identifies its content.
    public struct File: Hashable, Sendable {
        /// How rows are found in it.
        public enum Kind: Hashable, Sendable, CaseIterable {
            /// JSON Lines that are not compressed: by bytes.
            case lines
            /// Parquet: by the number of a row.
            case parquet
        }

        /// An absolute path, or an address: `s3://`, `https://`, `http://`.
        public var path: String
        /// How its rows are found.
        public var kind: Kind
        /// Its size.
        public var bytes: Int
        /// Of a file on disk: when it was written, in nanoseconds since 1970.
        public var modified: Int64?
        /// Of an object: its entity tag; `nil` where the server gives none that names the exact bytes.
        public var tag: String?

        /// Describes a file.
        public init(path: String, kind: Kind, bytes: Int, modified: Int64? = nil, tag: String? = nil) {
            self.path = path
            self.kind = kind
            self.bytes = bytes
            self.modified = modified
            self.tag = tag
        }

        /// Whether it is an object or a file of a web server.
        public var isRemote: Bool { modified == nil }
    }

    /// Consecutive rows of one file. None of them is blank.
    public struct Range: Hashable, Sendable {
        /// The place of the file in `files`.
        public var file: Int
        /// Number of the first row, from 1: the line in a file of lines.
        public var firstRow: Int
        /// Number of rows, at least 1.
        public var rows: Int
        /// The bytes of the lines, with their ends; empty for Parquet.
        public var bytes: Swift.Range<Int>

        /// Describes rows.
        public init(file: Int, firstRow: Int, rows: Int, bytes: Swift.Range<Int> = 0..<0) {
            self.file = file
            self.firstRow = firstRow
            self.rows = rows
            self.bytes = bytes
        }

        /// `row 5`, or `rows 5 to 9`, for messages.
        public var label: String { rows == 1 ? "row \(firstRow)" : "rows \(firstRow) to \(firstRow + rows - 1)" }
    }

    /// What the client reads of a row. It decides what the text of a row is.
    public struct Keys: Hashable, Sendable {
        /// As `--prompt-key`.
        public var prompt: String?
        /// As `--id-key`.
        public var id: String?
        /// As `--source-key`.
        public var dataSource: String?
        /// As `--template`.
        public var template: String?
        /// As `--drop-last-assistant`.
        public var dropsAnswer = false
        /// Names of further columns.
        public var columns: [String] = []

        /// The usual names of every key.
        public init() {}
    }

    /// Most columns that a client reads beside prompt, id and source: references and covariates of a schema.
    public static let columnsMax = 128
    /// Most bytes of all texts of a shard: what a message with texts may have.
    public static let shardBytesMax = 64 << 20

    /// The files, each once.
    public var files: [File]
    /// All rows of the shard, in its order.
    public var ranges: [Range]
    /// How a text is made of a row.
    public var keys: Keys
    /// SHA-256 over the texts; see `digest(of:)`.
    public var digest: Digest

    /// Describes the rows of a shard.
    public init(files: [File], ranges: [Range], keys: Keys, digest: Digest) {
        self.files = files
        self.ranges = ranges
        self.keys = keys
        self.digest = digest
    }

    /// Number of rows.
    public var rows: Int { ranges.reduce(0) { $0 + $1.rows } }

    /// SHA-256 over texts: the bytes of each as little-endian 32-bit numbers, then the texts.
    public static func digest(of texts: [String]) -> Digest {
        var lengths: [UInt8] = []
        lengths.reserveCapacity(4 * texts.count)
        for text in texts {
            let count = UInt32(clamping: text.utf8.count)
            for byte in 0..<4 { lengths.append(UInt8(truncatingIfNeeded: count >> (8 * UInt32(byte)))) }
        }
        return Digest(ofParts: [lengths, texts.flatMap { Array($0.utf8) }])
    }

    /// What is out of bounds, as words for people; `nil` if nothing is. What is within bounds can be computed with: no sum of
    /// its numbers overflows.
    public func fault(rowsMax: Int) -> String? {
        guard !ranges.isEmpty, ranges.count <= rowsMax else { return "\(ranges.count) ranges" }
        guard files.count <= ranges.count else { return "\(files.count) files of \(ranges.count) ranges" }
        guard keys.columns.count <= Self.columnsMax else { return "\(keys.columns.count) columns" }
        for file in files where !(0...Self.numbers).contains(file.bytes) { return "a file of \(file.bytes) bytes" }
        var rows = 0
        for range in ranges {
            guard files.indices.contains(range.file) else { return "file \(range.file) of \(files.count)" }
            guard (1...Self.numbers).contains(range.firstRow) else { return "first row \(range.firstRow)" }
            guard (1...rowsMax).contains(range.rows) else { return "a range of \(range.rows) rows" }
            rows += range.rows
            guard rows <= rowsMax else { return "more than \(rowsMax) rows" }
            let file = files[range.file]
            switch file.kind {
            case .parquet:
                guard range.bytes.isEmpty else { return "bytes of a Parquet file" }
            case .lines:
                guard range.bytes.lowerBound >= 0, range.bytes.upperBound <= file.bytes, range.bytes.count >= range.rows
                else { return "bytes \(range.bytes.lowerBound) to \(range.bytes.upperBound) of \(file.bytes)" }
            }
        }
        return nil
    }

    /// Larger numbers are not exact in every language that a client may be written in.
    private static let numbers = 1 << 53
}
