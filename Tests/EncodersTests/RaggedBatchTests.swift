import Encoders
import Testing

@Suite("RaggedBatch")
struct RaggedBatchTests {
    @Test("sequences are found again, in order, without padding")
    func roundTrip() {
        let sequences: [[Int32]] = [[1, 2, 3], [], [4], [5, 6]]
        let batch = RaggedBatch(sequences)
        #expect(batch.count == 4)
        #expect(batch.tokens == 6)
        #expect((0..<4).map { Array(batch[$0]) } == sequences)
    }

    @Test("runs cover every sequence once, in order, and hold at most as many tokens as asked")
    func runs() {
        let lengths = [5, 5, 1, 9, 2, 30, 1, 1, 10, 10]
        let batch = RaggedBatch(lengths.map { [Int32](repeating: 0, count: $0) })
        for tokensMax in 1...70 {
            let runs = batch.runs(tokensMax: tokensMax)
            #expect(runs.flatMap { Array($0) } == Array(lengths.indices))
            for run in runs where run.count > 1 {
                #expect(lengths[run].reduce(0, +) <= tokensMax)
            }
        }
        #expect(RaggedBatch().runs(tokensMax: 10).isEmpty)
    }
}
