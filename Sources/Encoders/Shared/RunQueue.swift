import Kernels
import ModelFiles
import Synchronization

/// The runs of one batch, which threads fetch one by one, and the value of each sequence that came out. Every encoder
/// schedules its runs with one.
///
/// Which thread computes a run changes no bit, so answers do not depend on the order of fetching.
final class RunQueue<Value: Sendable>: Sendable {
    private struct State {
        var fetched = 0
        var values: [Value?]
        var failure: ModelError?
    }

    private let runs: [SequenceRun]
    private let body: @Sendable (TokenStates) throws(ModelError) -> Value
    private let state: Mutex<State>

    /// `body` makes the value of one sequence from its states. `sequences` is the batch's count.
    init(
        _ runs: [SequenceRun], sequences: Int,
        _ body: @escaping @Sendable (TokenStates) throws(ModelError) -> Value
    ) {
        self.runs = runs
        self.body = body
        state = Mutex(State(values: Array(repeating: nil, count: sequences)))
    }

    /// The next run; `nil` when all were fetched, and after a failure.
    func next() -> SequenceRun? {
        state.withLock { state in
            guard state.failure == nil, state.fetched < runs.count else { return nil }
            state.fetched += 1
            return runs[state.fetched - 1]
        }
    }

    /// Makes the values of a run from its last states, rows of `hiddenTC`: of all its sequences, or of those that fall
    /// to `member` when `count` threads share the work. Throws `notFinite`, and what `body` throws.
    func finish(
        _ run: SequenceRun, _ hiddenTC: FloatBuffer, width: Int, member: Int = 0, among count: Int = 1
    ) throws(ModelError) {
        for (place, rows) in run.sequences.enumerated() where place % count == member {
            let index = run.indices.lowerBound + place
            guard hiddenTC.isFinite(rows.lowerBound * width..<rows.upperBound * width) else {
                throw .notFinite(sequence: index)
            }
            let value = try body(TokenStates(sequence: index, rows: rows, width: width, of: hiddenTC))
            state.withLock { $0.values[index] = value }
        }
    }

    /// Records an error; the first one counts, and `next` gives no more runs.
    func fail(_ error: ModelError) {
        state.withLock { $0.failure = $0.failure ?? error }
    }

    /// The values in the batch's order. Throws the first error. Call it when all threads are done.
    func values() throws(ModelError) -> [Value] {
        let (values, failure) = state.withLock { ($0.values, $0.failure) }
        if let failure { throw failure }
        return values.map { value in
            guard let value else { preconditionFailure("RunQueue: a sequence was left out and nothing failed") }
            return value
        }
    }
}
