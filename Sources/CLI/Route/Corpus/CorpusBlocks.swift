import CommandSupport
import Corpora
import Scoring
import Synchronization

/// A corpus cut into blocks of rows, shared by threads. A block's rows depend on the corpus and the size only.
final class CorpusBlocks: Sendable {
    /// Progress so far.
    struct Counts {
        var blocks = 0
        var done = 0
        var rejected = 0
    }

    private struct State {
        var corpus: PromptCorpus
        var counts = Counts()
    }

    private let state: Mutex<State>
    private let rows: Int

    init(_ files: [String], keys: RowKeys, rows: Int) throws {
        self.rows = rows
        state = Mutex(State(corpus: try PromptCorpus(files: files, keys: keys)))
    }

    /// The next block with its number; `nil` at the end. The first 20 bad rows go to standard error.
    func next() throws -> (number: Int, prompts: [Prompt])? {
        try state.withLock { state in
            var block: [Prompt] = []
            while block.count < rows, let element = try state.corpus.next() {
                switch element {
                case .row(let row): block.append(row.prompt)
                case .rejected(let error):
                    if state.counts.rejected < 20 { printError("\(error)") }
                    state.counts.rejected += 1
                }
            }
            guard !block.isEmpty else { return nil }
            defer { state.counts.blocks += 1 }
            return (state.counts.blocks, block)
        }
    }

    func finished(_ count: Int) { state.withLock { $0.counts.done += count } }

    var counts: Counts { state.withLock(\.counts) }
}
