import Evaluation
import Testing

@Suite("Evaluation options")
struct EvaluationOptionsTests {
    @Test("context sizes are sorted and distinct")
    func sizes() throws {
        #expect(try EvaluationOptions(contextSizes: [256, 16, 256, 64]).contextSizes == [16, 64, 256])
    }

    @Test("an option outside its range is rejected by name")
    func rejections() {
        #expect(throws: EvaluationError.optionOutOfRange(name: "context size", value: 0, range: "1…4096")) {
            try EvaluationOptions(contextSizes: [16, 0])
        }
        #expect(throws: EvaluationError.optionOutOfRange(name: "seeds", value: 1001, range: "1…1000")) {
            try EvaluationOptions(seeds: 1001)
        }
        #expect(throws: EvaluationError.optionOutOfRange(name: "queries of each class", value: 0, range: "1…")) {
            try EvaluationOptions(classMin: 0)
        }
        #expect(throws: EvaluationError.optionOutOfRange(name: "texts per chunk", value: -1, range: "1…")) {
            try EvaluationOptions(chunkTexts: -1)
        }
    }

    @Test("the budget range is in order and inside 0…1024")
    func budgets() throws {
        let range = try EvaluationOptions.BudgetRange(mean: 8, minimum: 0, maximum: 1024)
        #expect(range.mean == 8 && range.minimum == 0 && range.maximum == 1024)
        #expect(throws: EvaluationError.optionOutOfRange(name: "smallest budget", value: 9, range: "0…8")) {
            try EvaluationOptions.BudgetRange(mean: 8, minimum: 9, maximum: 32)
        }
        #expect(throws: EvaluationError.optionOutOfRange(name: "largest budget", value: 1025, range: "8…1024")) {
            try EvaluationOptions.BudgetRange(mean: 8, minimum: 4, maximum: 1025)
        }
    }
}
