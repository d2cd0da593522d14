import Kernels
import ModelFiles
import Synchronization
import Threads

/// One batch on its way through an encoder: runs to be computed, and what became of the sequences.
final class Qwen3Work<Value: Sendable>: Sendable {
    private struct State {
        var taken = 0
        var values: [Value?]
        var failure: ModelError?
    }

    /// Runs that all threads compute together, then runs that each thread takes for itself.
    private let together: [Qwen3Run]
    private let apart: [Qwen3Run]
    private let body: @Sendable (TokenStates) throws(ModelError) -> Value
    private let state: Mutex<State>

    init(
        _ batch: RaggedBatch, threads: Int, _ body: @escaping @Sendable (TokenStates) throws(ModelError) -> Value
    ) {
        self.body = body
        let runs = batch.runs(tokensMax: Qwen3Encoder.tokensPerRun).map { Qwen3Run($0, of: batch) }
        let long = runs.filter { $0.positions.count > Qwen3Encoder.tokensPerRun }
        // From large to small, so that threads end at nearly the same time. The same bits come out either way.
        let short = runs.filter { $0.positions.count <= Qwen3Encoder.tokensPerRun }
            .sorted { $0.positions.count > $1.positions.count }
        let odd = short.count % threads
        together = long + short.prefix(odd)
        apart = Array(short.dropFirst(odd))
        state = Mutex(State(values: Array(repeating: nil, count: batch.count)))
    }

    /// What one thread does.
    func perform(_ stack: Qwen3Stack, _ workspaces: [Qwen3Workspace], member: Int, _ team: ThreadTeam) {
        let own = workspaces[member]
        do throws(ModelError) {
            for run in together {
                guard try encode(run, stack, workspaces[0], own.scratch, member: member, team) else { return }
            }
            while let run = next() {
                _ = try encode(run, stack, own, own.scratch, member: 0, .alone)
            }
        } catch {
            state.withLock { $0.failure = $0.failure ?? error }
            team.cancel()
        }
    }

    /// The values, or what went wrong first.
    func finish() throws(ModelError) -> [Value] {
        let (values, failure) = state.withLock { ($0.values, $0.failure) }
        if let failure { throw failure }
        return values.map { value in
            guard let value else { preconditionFailure("Qwen3Work: a sequence was left out and nothing failed") }
            return value
        }
    }

    // After a failure nobody takes another.
    private func next() -> Qwen3Run? {
        state.withLock { state in
            guard state.failure == nil, state.taken < apart.count else { return nil }
            state.taken += 1
            return apart[state.taken - 1]
        }
    }

    private func encode(
        _ run: Qwen3Run, _ stack: Qwen3Stack, _ workspace: Qwen3Workspace, _ scratch: Qwen3Scratch, member: Int,
        _ team: ThreadTeam
    ) throws(ModelError) -> Bool {
        do throws(KernelError) {
            guard try stack.encode(run, in: workspace, scratch, member: member, team: team) else { return false }
        } catch { throw .kernel(error) }
        let width = stack.configuration.width
        for (place, rows) in run.sequences.enumerated() where place % team.count == member {
            let index = run.indices.lowerBound + place
            guard workspace.hiddenTC.isFinite(rows.lowerBound * width..<rows.upperBound * width) else {
                throw .notFinite(sequence: index)
            }
            let value = try body(TokenStates(sequence: index, rows: rows, width: width, of: workspace.hiddenTC))
            state.withLock { $0.values[index] = value }
        }
        // The rows are free for the next run when everyone has read.
        return team.barrier()
    }
}
