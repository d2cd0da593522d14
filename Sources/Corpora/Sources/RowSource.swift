package import JSON
package import Scoring

/// The rows of one file in any format, one after the other, in bounded memory.
///
/// Every format gives its rows through this protocol: lines of JSON, JSON documents, CSV, and formats of other modules
/// (`RowFormats.add`). A source is used from one thread.
package protocol RowSource: AnyObject {
    /// The path as the caller wrote it.
    var path: String { get }
    /// For manifests and messages: `plain`, `gzip`, `zstd`, `json`, `csv`, `parquet` and so on.
    var format: String { get }
    /// Rows given so far, including blank ones.
    var rows: Int { get }
    /// Identifies the content; valid once `next` has returned `nil`, or after `skipToEnd`.
    var digest: Digest { get }

    /// The next row; `nil` at the end. Throws what stops the reading of the file.
    func next() throws(CorporaError) -> SourceRow?

    /// Reads to the end for the number of rows and the digest only; returns the number of blank rows. A format that
    /// knows them without reading its rows does it faster than the default, which calls `next`.
    func skipToEnd() throws(CorporaError) -> Int
}

extension RowSource {
    package func skipToEnd() throws(CorporaError) -> Int {
        var blank = 0
        while let row = try next() {
            if case .blank = row.content { blank += 1 }
        }
        return blank
    }
}

/// One row of a source, and its number.
package struct SourceRow: Sendable {
    /// From 1: the line in a file of lines, else the number of the row.
    package let number: Int
    /// Its bytes in the file, with the line's end; `nil` in formats that are not lines as they are.
    package let bytes: Range<Int>?
    /// The content of the row.
    package let content: Content

    /// Kinds of content.
    package enum Content: Sendable {
        /// A line of white space, which is no row.
        case blank
        /// One JSON value, in UTF-8.
        case json([UInt8])
        /// Members that were read from another format than JSON. A column without a value is absent or null.
        case members(JSONObject)
        /// The row cannot be read. Reading continues with the next one.
        case rejected(RowError.Code, message: String)
    }

    /// Pairs a number with a content.
    package init(number: Int, bytes: Range<Int>? = nil, _ content: Content) {
        self.number = number
        self.bytes = bytes
        self.content = content
    }
}
