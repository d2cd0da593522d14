import CLI
import Testing

/// Which split of the cores `tune` chooses.
@Suite("Splits of the cores")
struct SplitTests {
    @Test("every split uses all cores, pinned and not, with at most 16 threads")
    func all() {
        let six = Split.all(cores: 6)
        #expect(six.count == 8 && six.allSatisfy { $0.workers * $0.threads == 6 })
        #expect(Split.all(cores: 32).map(\.threads).max() == 16)
        #expect(
            Split.all(cores: 0) == [
                Split(workers: 1, threads: 1, pin: false), Split(workers: 1, threads: 1, pin: true),
            ])
    }

    @Test("a split that is faster within its noise does not win over an earlier one")
    func noise() {
        let first = SplitResult(split: Split(workers: 2, threads: 1, pin: false), rates: [90, 100, 110])
        let second = SplitResult(split: Split(workers: 2, threads: 1, pin: true), rates: [104, 105, 106])
        #expect(SplitResult.choice(of: [first, second])?.split == first.split)
    }

    @Test("a split that is clearly faster wins")
    func clear() {
        let first = SplitResult(split: Split(workers: 2, threads: 1, pin: false), rates: [90, 100, 104])
        let second = SplitResult(split: Split(workers: 1, threads: 2, pin: false), rates: [104, 105, 106])
        #expect(SplitResult.choice(of: [first, second])?.split == second.split)
        #expect(SplitResult.choice(of: []) == nil)
    }

    @Test("descriptions use singular and plural, and the measured range")
    func descriptions() {
        #expect("\(Split(workers: 1, threads: 2, pin: true))" == "1 worker of 2 threads, pinned")
        #expect("\(Split(workers: 3, threads: 1, pin: false))" == "3 workers of 1 thread")
        let result = SplitResult(split: Split(workers: 1, threads: 1, pin: false), rates: [3, 1, 2])
        #expect("\(result)" == "1 worker of 1 thread: 2.0 rows/s (1.0 … 3.0)")
        #expect(SplitResult(split: result.split).median == 0)
    }
}
