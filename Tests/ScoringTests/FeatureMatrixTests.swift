import Scoring
import Testing

@Suite("Feature matrix")
struct FeatureMatrixTests {
    @Test("rows are selected in the order named, with whether they were truncated")
    func selecting() {
        let matrix = FeatureMatrix(columns: 2, values: [1, 2, 3, 4, 5, 6], isTruncated: [false, true, false])
        #expect(matrix.rows == 3)
        #expect(Array(matrix.row(1)) == [3, 4])
        let selected = matrix.selecting([2, 1, 2])
        #expect(selected.values == [5, 6, 3, 4, 5, 6])
        #expect(selected.isTruncated == [false, true, false])
        #expect(matrix.selecting([]).rows == 0)
        #expect(FeatureMatrix(columns: 4).rows == 0)
    }
}
