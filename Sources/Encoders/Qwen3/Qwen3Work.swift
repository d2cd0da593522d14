import Kernels
import ModelFiles
import Threads

/// One batch on its way through a Qwen3 encoder: runs that all threads compute together, then runs for single threads.
final class Qwen3Work<Value: Sendable>: Sendable {
    /// Runs that all threads compute together, in this order.
    private let together: [SequenceRun]
    /// The others; each is computed by the thread that fetches it. It has the values of all.
    private let apart: RunQueue<Value>

    init(
        _ batch: RaggedBatch, threads: Int, _ body: @escaping @Sendable (TokenStates) throws(ModelError) -> Value
    ) {
        let runs = SequenceRun.all(of: batch, tokensMax: Qwen3Encoder.tokensPerRun)
        let long = runs.filter { $0.rows > Qwen3Encoder.tokensPerRun }
        // From large to small, so that threads end at nearly the same time. The same bits come out either way.
        let short = runs.filter { $0.rows <= Qwen3Encoder.tokensPerRun }.sorted { $0.rows > $1.rows }
        let odd = short.count % threads
        together = long + short.prefix(odd)
        apart = RunQueue(Array(short.dropFirst(odd)), sequences: batch.count, body)
    }

    /// What one thread does.
    func perform(_ stack: Qwen3Stack, _ workspaces: [Qwen3Workspace], member: Int, _ team: ThreadTeam) {
        let own = workspaces[member]
        do throws(ModelError) {
            for run in together {
                guard try encode(run, stack, workspaces[0], own.scratch, member: member, team) else { return }
            }
            while let run = apart.next() {
                _ = try encode(run, stack, own, own.scratch, member: 0, .alone)
            }
        } catch {
            apart.fail(error)
            team.cancel()
        }
    }

    /// The values, or what went wrong first.
    func finish() throws(ModelError) -> [Value] { try apart.values() }

    private func encode(
        _ run: SequenceRun, _ stack: Qwen3Stack, _ workspace: Qwen3Workspace, _ scratch: Qwen3Scratch, member: Int,
        _ team: ThreadTeam
    ) throws(ModelError) -> Bool {
        do throws(KernelError) {
            guard try stack.encode(run, in: workspace, scratch, member: member, team: team) else { return false }
        } catch { throw .kernel(error) }
        try apart.finish(
            run, workspace.hiddenTC, width: stack.configuration.width, member: member, among: team.count)
        // The rows are free for the next run when everyone has read.
        return team.barrier()
    }
}
