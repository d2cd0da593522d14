import Kernels
import Testing

@Suite("Kernels for tables")
struct TableKernelsTests {
    /// Rows of queries, keys and values side by side, with unused floats after them.
    private static func wide(rows: Int, width: Int, stride: Int, range: Float = 1) -> (FloatBuffer, [Double]) {
        let values = Samples(seed: 9).floats(rows * 3 * width, range: range)
        let buffer = FloatBuffer(count: rows * stride)
        for row in 0..<rows {
            for c in 0..<stride { buffer[row * stride + c] = c < 3 * width ? values[row * 3 * width + c] : 1e9 }
        }
        return (buffer, values.map(Double.init))
    }

    @Test(
        "attention is the reference's, for every shape of head, length and stride",
        arguments: [
            (heads: 3, headWidth: 64, rows: 338, stride: 576), (3, 8, 5, 80), (2, 16, 49, 96), (1, 24, 1, 80),
            (3, 64, 25, 600),
        ])
    func attention(heads: Int, headWidth: Int, rows: Int, stride: Int) {
        let width = heads * headWidth
        for range in [Float(1), 6] {
            let (input, values) = Self.wide(rows: rows, width: width, stride: stride, range: range)
            let output = FloatBuffer([Float](repeating: 7, count: rows * (width + 8)))
            TableAttention(heads: heads, headWidth: headWidth, lengthMax: rows + 3).apply(
                input, stride: stride, rows: rows, queries: 0..<rows, output: output, outputStride: width + 8)
            let found = (0..<rows).flatMap { output.copy($0 * (width + 8)..<$0 * (width + 8) + width) }
            let expected = ReferenceKernels.attention(values, heads: heads, headWidth: headWidth)
            let error = Samples.difference(found, expected)
            print("table attention \(heads) × \(headWidth), \(rows) rows, values to \(range): max error \(error)")
            // Scores reach 36 · 8 at range 6, where half a unit in the last place is 1.5e-5.
            #expect(error < (range == 1 ? 2e-6 : 3e-4))
            #expect(output[width] == 7, "floats beside the results are not changed")
        }
    }

    @Test("a query's attention is the same bits alone and among others")
    func queriesAlone() {
        let (input, _) = Self.wide(rows: 61, width: 48, stride: 144)
        let attention = TableAttention(heads: 3, headWidth: 16, lengthMax: 61)
        let whole = FloatBuffer(count: 61 * 48)
        attention.apply(input, stride: 144, rows: 61, queries: 0..<61, output: whole, outputStride: 48)
        for query in [0, 5, 23, 24, 60] {
            let alone = FloatBuffer(count: 48)
            attention.apply(
                input, stride: 144, rows: 61, queries: query..<query + 1, output: alone, outputStride: 48)
            #expect(alone.copy(0..<48) == whole.copy(query * 48..<(query + 1) * 48))
        }
    }

    @Test(
        "queries of all heads share one head's keys and values, kept as floats or as bfloat16",
        arguments: [TableKeysValues.Format.float32, .bfloat16])
    func sharedKeysValues(format: TableKeysValues.Format) {
        let (heads, headWidth, rows) = (3, 24, 37)
        let width = heads * headWidth
        let (input, values) = Self.wide(rows: rows, width: width, stride: 224)
        let store = TableKeysValues(slots: 2, length: rows, headWidth: headWidth, format: format)
        let attention = TableAttention(heads: heads, headWidth: headWidth, lengthMax: rows)
        attention.keep(input, stride: 224, rows: rows, in: store, slot: 1)
        let table = TableRows(rows: 11, tokens: 3, stride: 80)
        let queries = Samples(seed: 2).floats(11 * width)
        for row in 0..<11 {
            for c in 0..<width { table[row][80 + c] = queries[row * width + c] }
        }
        attention.apply(to: table, token: 1, rows: 2..<11, store: store, slot: 1)
        func head0(_ part: Int) -> [Double] {
            (0..<rows).flatMap { (row: Int) -> ArraySlice<Double> in
                let start = (3 * row + part) * width
                return values[start..<start + headWidth]
            }
        }
        let expected = TableReferenceKernels.sharedAttention(
            queries: queries[2 * width..<11 * width].map(Double.init), keys: head0(1), values: head0(2),
            headWidth: headWidth)
        let found = (2..<11).flatMap { table[$0].copy(80..<80 + width) }
        let error = Samples.difference(found, expected)
        print("shared keys and values, \(format): max error \(error)")
        #expect(error < (format == .float32 ? 2e-6 : 2e-2))
        #expect(table[1].copy(80..<80 + width) == Array(queries[width..<2 * width]), "rows not asked for stay")
        #expect(table[5].copy(0..<80) == [Float](repeating: 0, count: 80), "other tokens stay")
    }

    @Test("rounding to bfloat16 is to the nearest, ties to even")
    func rounding() {
        // One key only: the answer is its value, whatever the query.
        let numbers: [Float] = [1, 1.003_906_25, 1.011_718_75, -3.141_592_7, 0x1.01p-100, 65_504, 0, 1.004]
        let expected: [Float] = [1, 1, 1.015_625, -3.140_625, 0x1p-100, 65_536, 0, 1.007_812_5]
        let input = FloatBuffer([Float](repeating: 0, count: 16) + numbers)
        let store = TableKeysValues(slots: 1, length: 1, headWidth: 8, format: .bfloat16)
        let attention = TableAttention(heads: 1, headWidth: 8, lengthMax: 1)
        attention.keep(input, stride: 24, rows: 1, in: store, slot: 0)
        let table = TableRows(rows: 1, tokens: 1, stride: 16)
        attention.apply(to: table, token: 0, rows: 0..<1, store: store, slot: 0)
        let found = table[0].copy(0..<8)
        for (found, expected) in zip(found, expected) {
            #expect(abs(found - expected) <= abs(expected) * 1e-6, "\(found), expected \(expected)")
        }
    }

    @Test("the norm without parameters is the reference's, and leaves what fills a row alone")
    func norm() throws {
        let (rows, width, stride) = (7, 24, 32)
        let (x, y) = (Samples(seed: 3).floats(rows * stride, range: 3), Samples(seed: 4).floats(rows * stride))
        let hidden = FloatBuffer(x)
        try TableNorm(width: width, stride: stride).apply(to: hidden, adding: FloatBuffer(y), rows: rows)
        let sums = (0..<rows).flatMap { row in
            (0..<width).map { Double(x[row * stride + $0]) + Double(y[row * stride + $0]) }
        }
        let found = (0..<rows).flatMap { hidden.copy($0 * stride..<$0 * stride + width) }
        let error = Samples.difference(found, TableReferenceKernels.norm(sums, width: width, epsilon: 1e-5))
        print("table norm: max error \(error)")
        #expect(error < 2e-6)
        #expect(hidden.copy(24..<32) == Array(x[24..<32]))
        #expect(throws: KernelError.self) { try TableNorm(width: 20, stride: 32) }
        #expect(throws: KernelError.self) { try TableNorm(width: 40, stride: 32) }
    }

    @Test("a column that is gathered and scattered is unchanged, and sums add up")
    func rows() {
        let table = TableRows(rows: 4, tokens: 5, stride: 16)
        table.fill(row: 2, with: [1, 2, 3])
        #expect(table[2].copy(4 * 16..<4 * 16 + 4) == [1, 2, 3, 0])
        let column = FloatBuffer((0..<64).map(Float.init))
        table.scatter(column, token: 3, rows: 4)
        let back = FloatBuffer(count: 64)
        table.gather(token: 3, rows: 4, into: back)
        #expect(back.copy(0..<64) == (0..<64).map(Float.init))
        #expect(table[1].copy(3 * 16..<4 * 16) == (16..<32).map(Float.init))
        table.set(row: 0, token: 1, from: column)
        table.copy(row: 0, token: 1, into: back)
        #expect(back.copy(0..<16) == (0..<16).map(Float.init))
        TableSum.add(column, to: back, count: 13)
        #expect(back.copy(11..<14) == [22, 24, 13])
        #expect(TableRows.bytes(rows: 4, tokens: 5, stride: 16) == 4 * 8 * 16 * 4)
    }
}
