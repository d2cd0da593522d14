import ClientNode
import Corpora
import Foundation
import Logging
import Scoring
import TestSupport
import Testing
import Threads
import Wire

@Suite("ScoringClient with references", .serialized)
struct SideScoringTests {
    private let folder: ScratchFolder

    init() throws {
        folder = try ScratchFolder()
        let history = (0..<20).map {
            #"{"prompt":"context \#($0)","reward":\#($0 % 2),"policy_id":"t","policy_version":9}"#
        }
        try folder.write("history.jsonl", history.joined(separator: "\n"))
        let corpus = (0..<40).map { #"{"id":"r\#($0)","prompt":"prompt \#($0)"}"# }
        try folder.write("corpus.jsonl", corpus.joined(separator: "\n"))
    }

    /// Scores with references that solve the first prompts, and an own record of version 5 on `r0`.
    private func score(_ stub: ScoringStub, solved: Int, output: String = "out") throws -> ScoringClient.Ending {
        var lines = (0..<solved).map { #"{"policy_id":"a","prompt_id":"r\#($0)","reward":1}"# }
        lines.append(#"{"policy_id":"t","policy_version":5,"prompt_id":"r0","k":8,"n":8}"#)
        try folder.write("references.jsonl", lines.joined(separator: "\n"))
        let history = try ContextFile.load([folder.file("history.jsonl")])
        let joined = try SideFiles(references: [folder.file("references.jsonl")]).join(
            history, promptFiles: [folder.file("corpus.jsonl")])
        var configuration = ScoringClient.Configuration(
            coordinator: stub.endpoint, promptFiles: [folder.file("corpus.jsonl")], context: joined.history,
            output: folder.file(output), settings: [:], version: "0.0.0")
        configuration.side = ScoringSide(joined)
        configuration.abandonTime = .seconds(20)
        return try ScoringClient(configuration, logger: .quiet).run(until: StopFlag()) { _ in }
    }

    private func rows(_ output: String = "out") throws -> [[String: Any]] {
        let name = try #require(try folder.names(output).first { $0.hasSuffix(".jsonl") })
        return try String(decoding: try folder.read("\(output)/\(name)"), as: UTF8.self).split(separator: "\n").map {
            try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
        }
    }

    @Test("each row says what it rests on, and the manifest counts prompts by reference")
    func evidence() throws {
        let stub = try ScoringStub()
        guard case .finished(let manifest, _) = try score(stub, solved: 3) else {
            Issue.record("not finished")
            return
        }
        let rows = try rows()
        let evidence = rows.map { $0["evidence"] as? [String: Any] ?? [:] }
        #expect(evidence[1]["references"] as? Int == 1 && evidence[1]["own_record"] as? Bool == false)
        #expect(evidence[0]["own_record"] as? Bool == true)
        #expect(evidence[5]["references"] as? Int == 0 && evidence[5]["context_rows"] as? Int == 20)
        let side = try #require(manifest.side)
        #expect(side.references.map(\.name) == ["a"] && side.references.map(\.kind) == ["other_policy"])
        #expect(side.references.map(\.prompts) == [3] && side.references.map(\.contextRows) == [0])
        #expect(side.promptsWithReferences == 3)
        try stub.stop()
    }

    @Test("a fresh own record moves the prediction as counts do")
    func ownRecord() throws {
        let stub = try ScoringStub()
        _ = try score(stub, solved: 3)
        let row = try rows()[0]
        // The stub says p = .08 and κ = 2 for `prompt 0`; eight successes of eight, four steps ago.
        let weight = 8 * 0.99 * 0.99 * 0.99 * 0.99
        let p = (0.08 * 2 + weight) / (2 + weight)
        #expect(abs((row["p"] as? Double ?? 0) - p) < 1e-5)
        #expect(abs((row["kappa"] as? Double ?? 0) - (2 + weight)) < 1e-4)
        let (low, high) = (row["p_lo"] as? Double ?? 1, row["p_hi"] as? Double ?? 0)
        #expect(low < p && p <= high && low > 0.5)
        try stub.stop()
    }

    @Test("a folder of a run with other references is refused in words")
    func otherReferences() throws {
        let stub = try ScoringStub()
        _ = try score(stub, solved: 3)
        do {
            _ = try score(stub, solved: 4)
            Issue.record("accepted")
        } catch let error as ClientError {
            #expect("\(error)".contains("side information (references, covariates, features)"))
        }
        guard case .finished(_, let wasThere) = try score(stub, solved: 3) else { return }
        #expect(wasThere)
        try stub.stop()
    }
}
