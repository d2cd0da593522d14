public import Scoring

/// The identity of a file that was read to its end. It does not depend on compression.
public struct InputFile: Hashable, Sendable {
    /// The path as the caller wrote it.
    public let path: String
    /// `plain`, `gzip`, `zstd`, `json`, `csv`, or the name of another format.
    public let format: String
    /// SHA-256 of the decompressed bytes.
    public let digest: Digest
    /// Number of lines, including blank ones; of rows, in a file that has no lines of rows.
    public let lines: Int
    /// Number of lines with only white space; they are no rows.
    public let blankLines: Int

    /// The last part of the path.
    public var name: String { Self.name(of: path) }

    static func name(of path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }

    /// One digest of several files in order: SHA-256 over their digests.
    public static func digest(of files: [InputFile]) -> Digest {
        Digest(of: files.flatMap(\.digest.bytes))
    }

    /// Reads files to their ends, only for digests and line counts. Cost: decompression and one SHA-256 of the text;
    /// the reading of the rows checks them.
    public static func survey(_ paths: [String]) throws(CorporaError) -> [InputFile] {
        var rows = try RowFiles(paths, isChecked: false)
        try rows.skipToEnd()
        return rows.finished
    }
}
