import Corpora
import Scoring

/// Files of rows as text: the first byte chooses the reader, the rest is the file.
enum RowsTarget {
    static func run(_ bytes: [UInt8]) -> String? {
        var input = FuzzBytes(bytes)
        let choice = input.byte()
        let isDocument = choice & 0x80 != 0
        let path = FuzzFolder.write(input.remainder(), isDocument ? "rows.json" : "rows.jsonl", in: "rows")
        return read(path, Int(choice & 0x7F))
    }

    /// Readers of rows, by number.
    static let readers = 7

    static func read(_ path: String, _ choice: Int) -> String? {
        switch choice % readers {
        case 0: check(try? FileReport.read(path))
        case 1: check(try? FileReport.read(path, kind: .prompts))
        case 2: check(try? FileReport.read(path, kind: .history))
        case 3: context(path)
        case 4: scores(path)
        case 5: outcomes(path)
        default: sample(path)
        }
    }

    private static func check(_ report: FileReport?) -> String? {
        guard let report else { return nil }
        return report.rows >= 0 && report.rejected >= 0 ? nil : "\(report.rows) rows, \(report.rejected) rejected"
    }

    private static func context(_ path: String) -> String? {
        var keys = RowKeys()
        keys.unnamedPolicy = Policy(id: "p")
        guard let file = try? ContextFile.load([path], promptFiles: [path], rowsMax: 8, keys: keys) else { return nil }
        let rows = file.context.rows
        return rows.count <= 8 && rows.allSatisfy { (0...1).contains($0.outcome.reward) }
            ? nil : "\(rows) are a context"
    }

    private static func scores(_ path: String) -> String? {
        _ = try? CostTable(files: [path], key: "cost")
        guard var reader = try? ScoresReader(path: path) else { return nil }
        while let element = try? reader.next() {
            if case .score(let score) = element, !(0...1 ~= score.p && score.kappa > 0) { return "\(score) is a score" }
        }
        return nil
    }

    private static func outcomes(_ path: String) -> String? {
        guard let loaded = try? OutcomeSource.load(promptFiles: [path], outcomeFiles: [path]) else { return nil }
        return loaded.rejected >= loaded.problems.count ? nil : "\(loaded.rejected) rejected, more are shown"
    }

    private static func sample(_ path: String) -> String? {
        _ = try? PromptSample.read([path])
        _ = try? ScoreTable([path])
        _ = try? RowCopy.check(path)
        return nil
    }
}
