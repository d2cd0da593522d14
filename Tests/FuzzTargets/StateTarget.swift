import Corpora
import Foundation
import Scoring

/// The run journal of `score`, a SQLite file, with changed bytes: the input has their places and values. A second
/// process opens such a file after an interruption.
enum StateTarget {
    private static let model = ModelFingerprint(name: "m", digest: Digest(of: "table"))
    private static let identity = RunIdentity(
        input: Digest(of: "input"), context: Digest(of: "context"), configuration: RunConfiguration(["rows": "10"]),
        model: model)

    /// The journal of a run with a part, whose file is beside it.
    private static let run: Result<[UInt8], any Error> = Result {
        let place = FuzzFolder.write([], "empty", in: "state")
        let folder = place.dropLast("/empty".count) + "/run"
        guard case .open(let run) = try ScoringRun.open(folder: String(folder), identity: identity) else { return [] }
        var part = PartWriter(policy: Policy(id: "p", version: 1), contextSize: 4, model: model)
        part.append(.failed(RowError(file: "f", line: 1, code: .badID, message: "m")))
        try run.commit(index: 0, firstRow: 0, part)
        try run.close()
        return Array(try Data(contentsOf: URL(filePath: folder + "/_journal.sqlite")))
    }

    static func run(_ bytes: [UInt8]) -> String? {
        guard case .success(var file) = run, !file.isEmpty else { return "no run was made" }
        var input = FuzzBytes(bytes)
        while !input.isEmpty {
            let place = input.number16() % file.count
            file[place] = input.byte()
        }
        let path = FuzzFolder.write(file, "_journal.sqlite", in: "state/run")
        let folder = String(path.dropLast("/_journal.sqlite".count))
        do throws(CorporaError) {
            guard case .open(let run) = try ScoringRun.open(folder: folder, identity: identity) else { return nil }
            let rows = run.rows
            try run.close()
            return rows >= 0 ? nil : "\(rows) rows"
        } catch {
            return "\(error)".isEmpty ? "an error without words" : nil
        }
    }
}
