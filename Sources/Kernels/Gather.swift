/// Sums of rows of tables: an embedding layer.
public enum Gather {
    /// target[row] = the sum of one row of each table, added in order. Tables are row-major of `width` columns.
    ///
    /// Precondition: the rows exist.
    public static func sum(
        _ parts: [(table: [Float], row: Int)], width: Int, into target: FloatBuffer, row: Int
    ) {
        let y = target.pointer(row * width..<(row + 1) * width)
        for (index, part) in parts.enumerated() {
            part.table.withUnsafeBufferPointer { table in
                let values = UnsafeBufferPointer(rebasing: table[part.row * width..<(part.row + 1) * width])
                if index == 0 {
                    for c in 0..<width { y[c] = values[c] }
                } else {
                    for c in 0..<width { y[c] += values[c] }
                }
            }
        }
    }
}
