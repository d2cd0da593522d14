/// The state of a table in a model that attends along rows and along columns: `rows` rows of `tokens` tokens, each of
/// `stride` floats.
///
/// A row is contiguous, for products and attention along it, in a buffer with memory for whole steps of
/// `MatrixMultiply`; a column is gathered and scattered. Threads may use different rows at once, or different columns.
public final class TableRows {
    /// Rows.
    public let rows: Int
    /// Tokens of a row.
    public let tokens: Int
    /// Floats of a token.
    public let stride: Int
    private let buffers: [FloatBuffer]
    private let starts: [UnsafeMutablePointer<Float>]

    /// Allocates zeros: `bytes(rows:tokens:stride:)` of them.
    public init(rows: Int, tokens: Int, stride: Int) {
        self.rows = rows
        self.tokens = tokens
        self.stride = stride
        buffers = (0..<rows).map { _ in FloatBuffer(count: MatrixMultiply.rowsRoundedUp(tokens) * stride) }
        starts = buffers.map(\.base)
    }

    /// Bytes of a table of this size.
    public static func bytes(rows: Int, tokens: Int, stride: Int) -> Int {
        rows * MatrixMultiply.rowsRoundedUp(tokens) * stride * MemoryLayout<Float>.size
    }

    /// One row, `(tokens, stride)`.
    public subscript(row: Int) -> FloatBuffer { buffers[row] }

    /// target (rows, stride) = one token of each of the first `rows` rows.
    public func gather(token: Int, rows: Int, into target: FloatBuffer) {
        let start = offset(token, rows)
        let y = target.pointer(first: rows * stride)
        for row in 0..<rows { (y + row * stride).update(from: starts[row] + start, count: stride) }
    }

    /// The inverse of `gather`.
    public func scatter(_ source: FloatBuffer, token: Int, rows: Int) {
        let start = offset(token, rows)
        let x = source.pointer(first: rows * stride)
        for row in 0..<rows { (starts[row] + start).update(from: x + row * stride, count: stride) }
    }

    /// target (1, stride) = one token of one row.
    public func copy(row: Int, token: Int, into target: FloatBuffer) {
        target.pointer(first: stride).update(from: pointer(row: row, token: token), count: stride)
    }

    /// One token of one row = the first `stride` floats of a buffer.
    public func set(row: Int, token: Int, from source: FloatBuffer) {
        pointer(row: row, token: token).update(from: source.pointer(first: stride), count: stride)
    }

    /// Every token of one row = one vector of at most `stride` floats.
    public func fill(row: Int, with vector: [Float]) {
        precondition(vector.count <= stride, "TableRows: a token of \(vector.count) floats in \(stride)")
        for token in 0..<tokens {
            let x = pointer(row: row, token: token)
            for (index, value) in vector.enumerated() { x[index] = value }
        }
    }

    package func pointer(row: Int, token: Int) -> UnsafeMutablePointer<Float> {
        precondition(token >= 0 && token < tokens, "TableRows: token \(token) of \(tokens)")
        return starts[row] + token * stride
    }

    private func offset(_ token: Int, _ rows: Int) -> Int {
        precondition(
            token >= 0 && token < tokens && rows >= 0 && rows <= self.rows,
            "TableRows: token \(token) of \(tokens), \(rows) rows of \(self.rows)")
        return token * stride
    }
}
