import ArrowFiles
import CommandSupport
import Corpora
import Scoring

/// The file that a trainer reads, with budgets: all columns of its Parquet or Arrow file, and one for the number of
/// rollouts. Rows without rollouts are left out.
struct TrainerFile {
    /// The column that verl reads.
    static let column = "__rollout_n__"

    /// Number of rows of the input.
    let rows: Int
    /// Number of rows written.
    let written: Int
    /// Rows of the input that the plan does not have.
    let unplanned: Int

    /// Writes `output`. Rows are matched with budgets by their ids, which are read as `score` reads them. Throws if the plan
    /// has prompts with rollouts that the file does not have: the step would be smaller than planned.
    init(_ input: String, budgets: [String: Int], keys: RowKeys, to output: String) throws {
        let format = try ArrowFormat(path: input, at: input)
        var missing = budgets.filter { $0.value > 0 }
        var counts: [Int64] = []
        var unplanned = 0
        func add(_ count: Int, line: Int) {
            // Blank or skipped rows have no number of their own.
            while counts.count < line - 1 { counts.append(0) }
            counts.append(Int64(count))
        }
        var corpus = try PromptCorpus(files: [input], keys: keys)
        while let element = try corpus.next() {
            switch element {
            case .row(let row):
                missing[row.prompt.id] = nil
                if budgets[row.prompt.id] == nil { unplanned += 1 }
                add(budgets[row.prompt.id] ?? 0, line: row.line)
            case .rejected(let error):
                unplanned += 1
                add(0, line: error.line)
            }
        }
        guard missing.isEmpty else {
            let examples = missing.keys.sorted().prefix(3).joined(separator: ", ")
            throw CommandFailure(
                "\(input) does not have \(missing.count) prompts with \(missing.values.reduce(0, +)) rollouts of the plan"
                    + " (\(examples)); score the rows of this file, with the same options for keys")
        }
        written = try ArrowCopy(input: input, location: input, format: format)
            .write(counts, as: .parquet, adding: Self.column, to: output)
        rows = counts.count
        self.unplanned = unplanned
    }

    /// For people: what was written.
    func text(_ input: String, _ output: String) -> String {
        let left = unplanned > 0 ? "; \(unplanned) rows are not in the plan" : ""
        return "\(output): \(written) of the \(rows) rows of \(input) have rollouts (column \(Self.column))\(left)"
    }
}
