import JSON
package import Scoring

/// Vectors of a Parquet or Arrow file: of each row an id, and the numbers of its only column with lists of
/// floating-point numbers.
///
/// All are kept in memory, 4 bytes a number.
package struct ArrowVectors: Sendable {
    /// Ids of the rows that have a vector, in the order of the file.
    package let ids: [String]
    /// Numbers of a vector, at least 1.
    package let columns: Int
    /// SHA-256 of the file.
    package let digest: Digest
    private let numbers: [Float]

    /// Reads a file. The id is in the first of `idKeys` that is a column, a text or a whole number.
    ///
    /// Rows whose vector is null are left out. Throws `unusableVectors` without such columns, for a row without an id, and
    /// for vectors of different lengths; else as `ArrowReader` does.
    package init(path: String, idKeys: [String]) throws(ArrowFilesError) {
        let format = try ArrowFormat(path: path, at: path)
        let all = try ArrowReader(path: path, format: format)
        let chosen = try Self.columns(of: all, idKeys)
        let reader = try ArrowReader(path: path, format: format, columns: [chosen.id, chosen.vector])
        guard let idColumn = reader.names.firstIndex(of: chosen.id),
            let vectorColumn = reader.names.firstIndex(of: chosen.vector)
        else { throw .unusableVectors(path: path, reason: "its columns changed while it was read") }
        var (ids, numbers, columns): ([String], [Float], Int) = ([], [], 0)
        while let batch = try reader.next() {
            let first = reader.rows - batch.rows + 1
            for row in 0..<batch.rows {
                guard let vector = batch.vector(row: row, column: vectorColumn) else { continue }
                let value = batch.value(row: row, column: idColumn)
                guard let id = value.string ?? value.integer.map(String.init) else {
                    throw .unusableVectors(
                        path: path, reason: "row \(first + row) has \(value.kind) in \"\(chosen.id)\"; give it an id")
                }
                if ids.isEmpty { columns = vector.count }
                guard vector.count == columns, columns > 0 else {
                    throw .unusableVectors(
                        path: path,
                        reason: "row \(first + row) (\(id)) has \(vector.count) numbers in \"\(chosen.vector)\", the"
                            + " first row \(columns); give all the same number, at least one")
                }
                ids.append(id)
                numbers += vector
            }
        }
        guard !ids.isEmpty else {
            throw .unusableVectors(path: path, reason: "no row has a vector in \"\(chosen.vector)\"")
        }
        self.ids = ids
        self.columns = columns
        self.numbers = numbers
        digest = try ArrowRowSource.digest(of: path, named: path)
    }

    /// The vector of a row, by its index among `ids`.
    package func vector(_ row: Int) -> [Float] { Array(numbers[row * columns..<(row + 1) * columns]) }

    private static func columns(
        of file: ArrowReader, _ idKeys: [String]
    ) throws(ArrowFilesError) -> (id: String, vector: String) {
        let vectors = zip(file.type.names, file.type.children).filter { $0.1.isVector }.map(\.0)
        guard let vector = vectors.first, vectors.count == 1 else {
            throw .unusableVectors(
                path: file.path,
                reason: "\(vectors.count) columns have lists of floating-point numbers"
                    + "\(vectors.isEmpty ? "" : " (\(vectors.joined(separator: ", ")))"); a file of features has one")
        }
        guard let id = idKeys.first(where: file.names.contains) else {
            throw .unusableVectors(
                path: file.path,
                reason: "no column has ids: none is \(idKeys.joined(separator: " or ")); name it with --id-key")
        }
        return (id, vector)
    }
}
