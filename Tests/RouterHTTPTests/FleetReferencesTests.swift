import Corpora
import Foundation
import RouterHTTP
import Routing
import Scoring
import Testing

@Suite("References of a fleet")
struct FleetReferencesTests {
    private static func fleet(_ change: (inout Fleet) -> Void) throws -> Fleet {
        var fleet = try RouterUnderTest.fleet(cheap: "http://127.0.0.1:1", expensive: "http://127.0.0.1:2")
        change(&fleet)
        return fleet
    }

    private static let histories = [WordHistory.rows(easy: 1, hard: 0), WordHistory.rows(easy: 0.75, hard: 0.5)]

    private static func decided(_ fleet: Fleet, _ text: String, files: ReferenceFiles = .none) throws -> [DecisionRow
        .Candidate]
    {
        var router = try PromptRouter(fleet, histories: histories, references: files, model: WordModel())
        return try #require(router.decide([Prompt(id: "a", text: text)]).first).candidates
    }

    private static func folder(_ files: [String: String]) throws -> String {
        let folder = NSTemporaryDirectory() + "fleet-references-\(UInt64.random(in: 0...UInt64.max))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        for (name, text) in files { try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)")) }
        return folder
    }

    @Test("the other models' outcomes on a prompt are references, and a model's own are not")
    func fleet() throws {
        let fleet = try Self.fleet { $0.references.usesFleet = true }
        let known = try Self.decided(fleet, "easy 0")
        #expect(known.map(\.references) == [1, 1])
        // Each is predicted by the other one's outcome.
        #expect(known.map(\.p) == [0.75, 1])
        let new = try Self.decided(fleet, "hard and new")
        #expect(new.map(\.references) == [0, 0] && new.map(\.p) == [0, 0.5])
        let without = try Self.decided(Self.fleet { _ in }, "easy 0")
        #expect(without.map(\.references) == [nil, nil] && without.map(\.p) == [1, 0.75])
    }

    @Test("files give outcomes of any policies, by text or id; the rows of a model are left out for itself")
    func files() throws {
        let folder = try Self.folder([
            "outcomes.jsonl": """
            {"policy_id":"outside","prompt":"new","reward":0.25}
            {"policy_id":"cheap","prompt_id":"n","reward":1}
            {"policy_id":"cheap","policy_version":7,"prompt_id":"n","reward":1}
            {"policy_id":"outside","prompt_id":"nowhere","reward":1}
            {"policy_id":"outside","prompt":"odd","reward":7}

            """,
            "prompts.jsonl": #"{"prompt_id":"n","prompt":"new"}"# + "\n",
        ])
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let fleet = try Self.fleet {
            $0.references.files = ["outcomes.jsonl"]
            $0.references.promptFiles = ["prompts.jsonl"]
        }
        var warnings: [String] = []
        let files = try ReferenceFiles.load(fleet, folder: folder) { warnings.append($0) }
        #expect(warnings.first?.hasPrefix("2 rows of the reference files cannot be used") == true, "\(warnings)")
        #expect(warnings.contains { $0.contains("nowhere") } && warnings.contains { $0.contains(":5") }, "\(warnings)")
        let candidates = try Self.decided(fleet, "new", files: files)
        // For the cheap model only the outside policy; for the other also two versions of the cheap one.
        #expect(candidates.map(\.references) == [1, 3])
        #expect(candidates.map(\.p) == [0.25, 0.75])
    }

    @Test("what goes with a cluster's jobs is what a decision in one process rests on")
    func sides() throws {
        let folder = try Self.folder([
            "outcomes.jsonl": """
            {"policy_id":"outside","prompt":"new","reward":0.25}
            {"policy_id":"outside","prompt":"easy 0","reward":0.5}
            {"policy_id":"cheap","prompt":"new","reward":1}

            """
        ])
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let fleet = try Self.fleet {
            $0.references.usesFleet = true
            $0.references.files = ["outcomes.jsonl"]
        }
        let files = try ReferenceFiles.load(fleet, folder: folder)
        let sides = try #require(FleetSides(fleet, histories: Self.histories, files: files))
        let model = WordModel()
        for text in ["easy 0", "hard 1", "new", "hard and new"] {
            let prompt = Prompt(id: "a", text: text)
            let predictions = try fleet.models.indices.map { index in
                let context = try #require(sides.context(of: index))
                #expect(context.rows.map(\.text) == Self.histories[index].map(\.text))
                let queries = QuerySet(
                    texts: [text], features: model.embed([text]), side: [sides.side(of: prompt, model: index)])
                let prepared = model.prepare(context, features: model.embed(context.texts))
                return try model.predict(queries, in: prepared).first
            }
            let row = PromptRouter.decide(
                prompt, predictions: predictions, historyRows: Self.histories.map(\.count), sides: sides, fleet: fleet)
            #expect(try row.candidates == Self.decided(fleet, text, files: files), "\(text)")
        }
    }

    @Test("the digest covers the files' outcomes and, where the fleet is used, the histories; no references, no sides")
    func digests() throws {
        let folder = try Self.folder([
            "a.jsonl": #"{"policy_id":"outside","prompt":"new","reward":0.25}"# + "\n",
            "b.jsonl": #"{"policy_id":"outside","prompt":"new","reward":0.5}"# + "\n",
        ])
        defer { try? FileManager.default.removeItem(atPath: folder) }
        func digest(_ file: String, usesFleet: Bool, _ histories: [[ContextSet.Row]]) throws -> Digest {
            let fleet = try Self.fleet {
                $0.references.files = [file]
                $0.references.usesFleet = usesFleet
            }
            let files = try ReferenceFiles.load(fleet, folder: folder)
            return try #require(FleetSides(fleet, histories: histories, files: files)).digest
        }
        let first = try digest("a.jsonl", usesFleet: true, Self.histories)
        #expect(try digest("a.jsonl", usesFleet: true, Self.histories) == first)
        #expect(try digest("b.jsonl", usesFleet: true, Self.histories) != first)
        #expect(try digest("a.jsonl", usesFleet: true, Self.histories.reversed()) != first)
        let alone = try digest("a.jsonl", usesFleet: false, Self.histories)
        #expect(try digest("a.jsonl", usesFleet: false, Self.histories.reversed()) == alone)
        #expect(FleetSides(try Self.fleet { _ in }, histories: Self.histories, files: .none) == nil)
    }

    @Test("a reference file that cannot be read stops the start, and one without usable rows is a warning")
    func broken() throws {
        let folder = try Self.folder(["empty.jsonl": ""])
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let missing = try Self.fleet { $0.references.files = ["missing.jsonl"] }
        let error = #expect(throws: RouterHTTPError.self) { try ReferenceFiles.load(missing, folder: folder) }
        #expect("\(error.map { "\($0)" } ?? "")".contains("missing.jsonl"))
        let empty = try Self.fleet { $0.references.files = ["empty.jsonl"] }
        var warnings: [String] = []
        let none = try ReferenceFiles.load(empty, folder: folder) { warnings.append($0) }
        #expect(warnings.count == 1)
        #expect(try Self.decided(empty, "easy 0", files: none).map(\.references) == [nil, nil])
    }

    @Test("a server answers what its predictions rest on")
    func served() async throws {
        let fleet = try Self.fleet { $0.references.usesFleet = true }
        let router = try await RouterUnderTest(fleet, histories: Self.histories)
        let body = #"{"messages":[{"role":"user","content":"easy 0"}]}"#
        let answer = try await router.post("/v1/route", body)
        #expect(answer.status == 200, "\(answer.text)")
        let row = try JSONDecoder().decode(DecisionRow.self, from: Data(answer.text.utf8))
        #expect(row.candidates.map(\.references) == [1, 1] && row.candidates.map(\.rows) == [40, 40])
        await router.stop()
    }
}
