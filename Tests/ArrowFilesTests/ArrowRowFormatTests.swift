import Corpora
import Foundation
import Scoring
import TestSupport
import Testing

import ArrowFiles

@Suite("Rows of Parquet and Arrow files", .enabled(if: hasLibrary, "run scripts/arrow/install"))
struct ArrowRowFormatTests {
    /// Added once; the first format that matches is used.
    private static let added: Void = RowFormats.add(ArrowRowFormat())

    init() { Self.added }

    @Test(
        "prompts of a file are those of its rows as JSON lines",
        arguments: ["verl.parquet", "skyrl.parquet", "messages.arrows", "messages.parquet", "flat-snappy.parquet"])
    func prompts(_ name: String) throws {
        let (rows, rejected) = try Self.prompts(of: golden(name))
        let (expected, expectedRejected) = try Self.prompts(of: golden("\(name).jsonl"))
        #expect(rows.map(\.prompt) == expected.map(\.prompt) && !rows.isEmpty)
        #expect(rows.map(\.dataSource) == expected.map(\.dataSource))
        #expect(rows.map(\.line) == expected.map(\.line))
        #expect(rejected.map(\.code) == expectedRejected.map(\.code))
        #expect(rejected.map(\.line) == expectedRejected.map(\.line))
    }

    @Test(
        "the number of rows and the digest are the same by reading and by surveying", arguments: ArrowReaderTests.files)
    func survey(_ name: String) throws {
        let source = try ArrowRowFormat().open(golden(name), at: golden(name), columns: nil)
        while try source.next() != nil {}
        let survey = try InputFile.survey([golden(name)])
        #expect(survey.map(\.lines) == [source.rows] && survey.map(\.digest) == [source.digest])
        #expect(source.digest == Digest(of: try Data(contentsOf: URL(filePath: golden(name)))))
    }

    @Test("a file that was cut off is an error of the file")
    func truncated() throws {
        let scratch = try ScratchFolder()
        let bytes = try Data(contentsOf: URL(filePath: golden("verl.parquet")))
        let path = try scratch.write("train.parquet", bytes.prefix(2000))
        #expect { try Self.prompts(of: path) } throws: { "\($0)".hasPrefix("\(path): cannot be read") }
    }

    @Test("parts in Parquet are committed, and read as scores", arguments: [ArrowFormat.parquet, .arrow, .arrowStream])
    func parts(_ format: ArrowFormat) throws {
        let scratch = try ScratchFolder()
        let model = ModelFingerprint(name: "m", digest: Digest(of: "m"))
        let identity = RunIdentity(
            input: Digest(of: "input"), context: Digest(of: "context"),
            configuration: RunConfiguration(["format": format.rawValue]), model: model)
        let columns: [ArrowEncoder.Column] = [
            .init("prompt_id", .text), .init("p", .float), .init("kappa", .float), .init("p_lo", .float),
            .init("p_hi", .float), .init("policy_id", .text), .init("policy_version", .int64),
            .init("context_size", .int64), .init("model", .text), .init("truncated", .bool), .init("status", .text),
            .init("error.code", .text), .init("error.message", .text), .init("error.file", .text),
            .init("error.line", .int64),
        ]
        let parts = PartFormat(suffix: format.suffix) { lines, name throws(CorporaError) in
            do throws(ArrowFilesError) {
                return try ArrowEncoder.encode(lines: lines, columns: columns, format: format, path: name)
            } catch {
                throw .otherFormat("\(error)")
            }
        }
        let folder = scratch.file("out")
        guard case .open(let run) = try ScoringRun.open(folder: folder, identity: identity, format: parts) else {
            Issue.record("the run has finished before it began")
            return
        }
        var writer = PartWriter(policy: Policy(id: "policy"), contextSize: 8, model: model)
        let prediction = try #require(Prediction(p: 0.1, kappa: .infinity, pLo: 0.1, pHi: 0.1))
        writer.append(.scored(promptID: "a", prediction))
        writer.append(.failed(RowError(file: "p.jsonl", line: 2, code: .badJSON, message: "no")))
        try run.commit(index: 0, firstRow: 0, writer)
        try run.close()
        // Opened again, the part is known by its name.
        guard case .open(let again) = try ScoringRun.open(folder: folder, identity: identity, format: parts) else {
            Issue.record("the run has finished before its end")
            return
        }
        #expect(again.parts[0]?.name == "part-00000.\(format.suffix)" && again.removed.isEmpty)
        let manifest = try again.finish(
            RunSummary(policy: Policy(id: "policy"), contextRows: 8, files: [], rows: 2, statezeroVersion: "test"))
        #expect(PartErrors.read(folder: folder, manifest).rows == 1)
        var reader = try ScoresReader(path: folder)
        guard case .score(let score)? = try reader.next() else {
            Issue.record("the first row is no score")
            return
        }
        #expect(score.promptID == "a" && score.p == 0.1 && score.kappa == .infinity)
        guard case .failed? = try reader.next() else {
            Issue.record("the second row is no error")
            return
        }
        #expect(try reader.next() == nil)
    }

    private static func prompts(of path: String) throws -> ([PromptRow], [RowError]) {
        var corpus = try PromptCorpus(files: [path])
        var (rows, rejected): ([PromptRow], [RowError]) = ([], [])
        while let element = try corpus.next() {
            switch element {
            case .row(let row): rows.append(row)
            case .rejected(let error): rejected.append(error)
            }
        }
        return (rows, rejected)
    }
}
