/// Sums of rows of tables: an embedding layer.
public enum Gather {
    /// target[row] += one row of each table, in order. Tables are row-major of `width` columns.
    ///
    /// Precondition: all row indices are within their tables.
    public static func add(
        _ parts: [(table: [Float], row: Int)], width: Int, to target: FloatBuffer, row: Int
    ) {
        let y = target.pointer(row * width..<(row + 1) * width)
        for part in parts {
            part.table.withUnsafeBufferPointer { table in
                let values = UnsafeBufferPointer(rebasing: table[part.row * width..<(part.row + 1) * width])
                for c in 0..<width { y[c] += values[c] }
            }
        }
    }
}
