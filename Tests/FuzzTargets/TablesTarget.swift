import ArrowFiles
import Corpora

/// Files of rows in other forms, as the first byte says: CSV, TSV, gzip, zstd; Parquet and Arrow where the library is there.
enum TablesTarget {
    private static let endings = ["csv", "tsv", "jsonl.gz", "jsonl.zst", "csv.gz", "parquet", "arrow"]

    /// Whether Parquet and Arrow files are read.
    private static let readsArrow: Bool = {
        guard (try? ArrowLibrary.version()) != nil else { return false }
        RowFormats.add(ArrowRowFormat())
        return true
    }()

    static func run(_ bytes: [UInt8]) -> String? {
        var input = FuzzBytes(bytes)
        let choice = Int(input.byte())
        let ending = endings[choice % endings.count]
        if ending == "parquet" || ending == "arrow", !readsArrow { return nil }
        let path = FuzzFolder.write(input.remainder(), "rows.\(ending)", in: "tables")
        return RowsTarget.read(path, choice / endings.count)
    }
}
