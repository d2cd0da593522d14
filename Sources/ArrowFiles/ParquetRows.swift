package import Corpora
package import JSON

/// Rows of a Parquet file by their numbers.
///
/// Rows are decoded from the begin of their row group, so numbers that grow are cheap: the stream goes on. The batches decoded
/// last are kept, because pieces of a job come nearly in order. Memory: eight batches of 1024 rows.
package final class ParquetRows: SeekableRows {
    private let path: String
    private let location: String
    private let columns: [String]
    private var reader: ArrowReader?
    /// Number of the row that the reader gives next.
    private var next = 0
    private var batches: [(first: Int, batch: ArrowBatch)] = []

    private static let batchesMax = 8
    /// Farther ahead, the stream begins anew instead of decoding everything between.
    private static let skipMax = 65_536

    /// Checks that the file can be read. `location` is the path to open.
    package init(_ path: String, at location: String, columns: Set<String>) throws(ArrowFilesError) {
        self.path = path
        self.location = location
        self.columns = columns.sorted()
        _ = try ArrowLibrary.openRows()
    }

    /// Some rows, by their numbers from 0.
    package func rows(_ rows: Range<Int>, onProgress: () -> Void) throws(CorporaError) -> [JSONObject] {
        var objects: [JSONObject] = []
        objects.reserveCapacity(rows.count)
        do throws(ArrowFilesError) {
            for row in rows {
                let (first, batch) = try batch(with: row, onProgress)
                objects.append(batch.object(row: row - first))
            }
        } catch {
            // Its state after an error is not known.
            reader = nil
            throw .otherFormat("\(error)")
        }
        return objects
    }

    private func batch(with row: Int, _ onProgress: () -> Void) throws(ArrowFilesError) -> (Int, ArrowBatch) {
        if let known = batches.last(where: { row >= $0.first && row - $0.first < $0.batch.rows }) { return known }
        if reader == nil || row < next || row - next > Self.skipMax {
            let opened = try ArrowReader(path: path, at: location, parquetRow: row, columns: columns)
            reader = opened
            next = opened.firstRow
        }
        while let batch = try reader?.next() {
            let first = next
            next += batch.rows
            batches.append((first, batch))
            if batches.count > Self.batchesMax { batches.removeFirst() }
            onProgress()
            if row < next { return (first, batch) }
        }
        throw .unreadable(path: path, rows: next, reason: "it ends before row \(row + 1)")
    }
}
