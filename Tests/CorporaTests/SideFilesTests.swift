import Corpora
import Foundation
import Scoring
import Testing

@Suite("References, covariates and features of a corpus")
struct SideFilesTests {
    let scratch: Scratch

    init() throws {
        scratch = try Scratch()
        // The target is t at version 400, known on 20 prompts of which each has an id and a text.
        try scratch.write(
            "history.jsonl",
            (0..<20).map {
                #"{"policy_id":"t","policy_version":400,"prompt_id":"c\#($0)","prompt":"context \#($0)","reward":\#($0 % 2),"level":\#($0 % 5)}"#
            }.joined(separator: "\n"))
        try scratch.write(
            "prompts.jsonl",
            (0..<30).map {
                #"{"id":"q\#($0)","prompt":"query \#($0)","level":\#($0 % 5),"subject":"s\#($0 % 3)","rate":\#(Double($0 % 5) / 4)}"#
            }.joined(separator: "\n"))
    }

    private func join(
        _ references: [String], columns: SideColumns = .none, vectors: [VectorSource] = [], staleSteps: Int = 275
    ) throws -> SideFiles.Joined {
        let history = try ContextFile.load([scratch.file("history.jsonl")], columns: columns)
        let name = references.isEmpty ? [] : [try scratch.write("references.jsonl", references.joined(separator: "\n"))]
        let files = SideFiles(references: name, columns: columns, vectors: vectors, staleSteps: staleSteps)
        return try files.join(history, promptFiles: [scratch.file("prompts.jsonl")])
    }

    /// The facts of every prompt, by id.
    private func facts(_ joined: SideFiles.Joined) throws -> [String: SideIndex.Facts] {
        var facts: [String: SideIndex.Facts] = [:]
        var corpus = try PromptCorpus(files: [scratch.file("prompts.jsonl")], columns: joined.index.columns)
        while let element = try corpus.next() {
            if case .row(let row) = element { facts[row.prompt.id] = joined.index.facts(of: row) }
        }
        return facts
    }

    private func line(_ policy: String, _ version: Int? = nil, id: String? = nil, text: String? = nil, _ rest: String)
        -> String
    {
        let version = version.map { #","policy_version":\#($0)"# } ?? ""
        let id = id.map { #","prompt_id":"\#($0)""# } ?? ""
        let text = text.map { #","prompt":"\#($0)""# } ?? ""
        return #"{"policy_id":"\#(policy)"\#(version)\#(id)\#(text),\#(rest)}"#
    }

    @Test("outcomes are joined with prompts and context rows by id, else by text; k of n stays exact")
    func joins() throws {
        let joined = try join([
            line("a", id: "q1", #""k":1,"n":3"#), line("a", text: "query 2", #""reward":0.25"#),
            line("b", id: "q1", #""k":7,"n":8"#), line("a", id: "c0", #""reward":1"#),
            line("a", text: "context 1", #""reward":0"#),
        ])
        #expect(joined.index.schema.references.map(\.name) == ["a", "b"])
        let facts = try facts(joined)
        #expect(
            facts["q1"]?.side.references
                == [
                    .init(reference: 0, outcome: try #require(Outcome(k: 1, n: 3))),
                    .init(reference: 1, outcome: try #require(Outcome(k: 7, n: 8))),
                ])
        #expect(facts["q1"]?.evidence == RowEvidence(references: 2, hasOwnRecord: false))
        #expect(facts["q2"]?.side.references.map(\.outcome.reward) == [0.25])
        #expect(facts["q3"]?.side == SideInformation.none)
        let rows = joined.history.context.rows
        #expect(rows[0].side.references.count == 1 && rows[1].side.references.count == 1 && rows[2].side == .none)
        #expect(joined.report.promptsWithReferences == 2)
        #expect(joined.report.references.map(\.prompts) == [2, 1])
        #expect(joined.report.references.map(\.contextRows) == [2, 0])
        #expect(joined.report.warnings == [.notInContext("b")])
    }

    @Test("every prompt with references is in the pool, and rows and queries name their place in it")
    func pool() throws {
        let joined = try join(
            (0..<10).map { line("a", id: "q\($0)", #""reward":1"#) }
                + (0..<5).map { line("a", id: "c\($0)", #""reward":0"#) })
        let context = joined.history.context
        #expect(context.pool.count == 15)
        #expect(context.pool.prefix(5).map(\.text) == (0..<5).map { "context \($0)" })
        for row in context.rows.prefix(5) { #expect(row.side.poolRow.map { context.pool[$0].text } == row.text) }
        let facts = try facts(joined)
        for index in 0..<10 {
            let place = try #require(facts["q\(index)"]?.side.poolRow)
            #expect(context.pool[place].text == "query \(index)")
        }
        #expect(facts["q11"]?.side.poolRow == nil)
    }

    @Test("the target's own version and later ones are left out, with their numbers")
    func target() throws {
        let joined = try join([
            line("t", 400, id: "q1", #""reward":1"#), line("t", 400, id: "c1", #""reward":1"#),
            line("t", 500, id: "q1", #""reward":1"#), line("t", id: "q1", #""reward":1"#),
            line("a", id: "q1", #""reward":0"#), line("a", id: "c1", #""reward":0"#),
        ])
        let target = Policy(id: "t", version: 400)
        #expect(
            joined.report.warnings
                == [
                    .targetLeftOut(target, rows: 2), .laterLeftOut(target, rows: 1), .unorderedLeftOut(target, rows: 1),
                ])
        #expect(joined.index.schema.references.map(\.name) == ["a"])
    }

    @Test("the newest earlier version is the own record: counts where it is fresh, a column where it is stale")
    func ownRecord() throws {
        let references = [
            line("t", 100, id: "q1", #""k":1,"n":4"#), line("t", 200, id: "q1", #""k":2,"n":4"#),
            line("t", 390, id: "q2", #""k":3,"n":4"#), line("t", 100, id: "q3", #""k":4,"n":4"#),
        ]
        let joined = try join(references, staleSteps: 275)
        #expect(
            joined.index.schema.references == [.init(name: "t@100"), .init(name: "t", kind: .ownRecord)])
        let facts = try facts(joined)
        let second = try #require(facts["q2"]?.own)
        #expect(second.age == 10 && second.outcome == Outcome(k: 3, n: 4))
        #expect(facts["q2"]?.side == SideInformation.none && facts["q2"]?.evidence.hasOwnRecord == true)
        // 200 steps old: fresh. The outcome before it is a reference.
        #expect(facts["q1"]?.own?.age == 200)
        #expect(facts["q1"]?.side.references.map(\.reference) == [0])
        // 300 steps old: stale.
        #expect(facts["q3"]?.own == nil && facts["q3"]?.side.references.map(\.reference) == [1])
        #expect(facts["q3"]?.evidence == RowEvidence(references: 0, hasOwnRecord: true))
    }

    @Test("a column is a number if all its values are, else a category; values are found for context rows too")
    func covariates() throws {
        let columns = SideColumns(references: ["rate"], harder: ["rate"], covariates: ["level", "subject", "absent"])
        let joined = try join([], columns: columns)
        #expect(joined.index.schema.numbers == ["level"])
        #expect(joined.index.schema.categories == ["subject"])
        #expect(joined.report.warnings.contains(.emptyColumn("absent")))
        let side = try #require(try facts(joined)["q3"]?.side)
        #expect(side.numbers == [3] && side.categories == [SideSchema.code(of: "s0")])
        #expect(side.references.map(\.outcome.reward) == [0.25])
        #expect(joined.history.context.rows[7].side.numbers == [2])
    }

    @Test("a column of numbers and texts is a category, and the report says so")
    func mixed() throws {
        try scratch.write(
            "prompts.jsonl",
            #"{"id":"q0","prompt":"query 0","level":"hard"}"# + "\n" + #"{"id":"q1","prompt":"q","level":3}"#)
        let joined = try join([], columns: SideColumns(covariates: ["level"]))
        #expect(joined.index.schema.categories == ["level"])
        #expect(joined.report.warnings == [.mixedColumn("level")])
        #expect(try facts(joined)["q1"]?.side.categories == [SideSchema.code(of: "3")])
    }

    @Test(
        "a reference column that is no rate is an error of its row, with the value",
        arguments: [
            ("1.5", "the number 1.5"), (#""x""#, "the string"), (#"{"k":5,"n":4}"#, "an object"), ("[]", "array"),
        ])
    func badValues(value: String, found: String) throws {
        try scratch.write("prompts.jsonl", #"{"id":"q0","prompt":"query 0","rate":\#(value)}"#)
        var corpus = try PromptCorpus(
            files: [scratch.file("prompts.jsonl")], columns: SideColumns(references: ["rate"]))
        guard case .rejected(let error) = try #require(try corpus.next()) else {
            Issue.record("accepted")
            return
        }
        #expect(error.code == .badSideValue && error.line == 1 && error.message.contains(found))
    }

    @Test("a column may have k of n, or a rate of n")
    func countsInColumns() throws {
        try scratch.write(
            "prompts.jsonl",
            #"{"id":"q0","prompt":"a","rate":{"k":3,"n":4}}"# + "\n"
                + #"{"id":"q1","prompt":"b","rate":{"rate":0.5,"n":8}}"#)
        let facts = try facts(try join([], columns: SideColumns(references: ["rate"])))
        #expect(facts["q0"]?.side.references.map(\.outcome) == [try #require(Outcome(k: 3, n: 4))])
        #expect(facts["q1"]?.side.references.map(\.outcome) == [try #require(Outcome(reward: 0.5, n: 8))])
    }

    @Test("of many references those that cover most of the context are kept, and the others are named")
    func many() throws {
        var lines: [String] = []
        for policy in 0..<80 {
            for row in 0..<(1 + policy % 20) { lines.append(line("p\(policy)", id: "c\(row)", #""reward":1"#)) }
        }
        let joined = try join(lines)
        #expect(joined.index.schema.references.count == SideSchema.referencesMax - 1)
        let kept = Set(joined.index.schema.references.map(\.name))
        #expect(kept.contains("p19") && kept.contains("p79") && !kept.contains("p0") && !kept.contains("p60"))
        guard case .referencesLeftOut(let names)? = joined.report.warnings.first else {
            Issue.record("\(joined.report.warnings)")
            return
        }
        #expect(names.count == 17)
    }

    @Test("outcomes of one policy on one prompt are summed to k of n")
    func summed() throws {
        let joined = try join([line("a", id: "q1", #""reward":1"#), line("a", id: "q1", #""reward":0"#)])
        #expect(joined.report.problems.isEmpty)
        let outcomes = try facts(joined)["q1"]?.side.references.map(\.outcome)
        #expect(outcomes == [try #require(Outcome(k: 1, n: 2))])
    }

    @Test("vectors are found by id, and are unknown for other prompts")
    func vectors() throws {
        let source = VectorSource(
            name: "states", columns: 2, digest: Digest(of: "f"), ids: ["q1", "c2"]
        ) { [Float($0), 1] }
        let joined = try join([], vectors: [source])
        let facts = try facts(joined)
        #expect(facts["q1"]?.side.vectors == [0, 1] && facts["q2"]?.side.vectors == [])
        #expect(joined.history.context.rows[2].side.vectors == [1, 1])
        #expect(joined.report.vectors.map { [$0.contextRows, $0.prompts] } == [[1, 1]])
        #expect(joined.report.warnings.isEmpty)
    }

    @Test("references and vectors that meet no prompt are said, with an id of both sides")
    func unused() throws {
        let source = VectorSource(name: "states", columns: 1, digest: Digest(of: "f"), ids: ["z"]) { _ in [1] }
        let joined = try join([line("a", id: "other-1", #""reward":1"#)], vectors: [source])
        #expect(
            joined.report.warnings == [
                .referencesUnused(rows: 1, first: "other-1", prompt: "q0"),
                .vectorsUnused("states", prompts: 0, contextRows: 0, first: "z"),
            ])
        let texts = joined.report.warnings.map { "\($0)" }
        #expect(texts[0].contains(#"theirs are as "other-1", the prompts as "q0""#) && texts[1].contains(#"as "z""#))
        let empty = try join([line("t", id: "q1", #""reward":1"#)])
        #expect(empty.report.warnings.contains(.referencesUnused(rows: 0, first: "", prompt: "q0")))
    }

    @Test("vectors of a context that one message cannot hold are refused with their number")
    func contextVectors() throws {
        try scratch.write(
            "history.jsonl",
            (0..<800).map { #"{"policy_id":"t","prompt":"context \#($0)","reward":\#($0 % 2)}"# }
                .joined(separator: "\n"))
        let source = VectorSource(name: "states", columns: 16_384, digest: Digest(of: "f"), ids: []) { _ in [] }
        #expect(throws: CorporaError.badSideInformation(.contextVectors(800 * 16_384))) {
            try join([], vectors: [source])
        }
    }

    @Test("an outcome whose n cannot be read is an error of its row, not one rollout")
    func badCount() throws {
        for n in [#""8""#, "2.5", "0", "4294967296"] {
            try scratch.write("prompts.jsonl", #"{"id":"q0","prompt":"query 0","rate":{"rate":0.5,"n":\#(n)}}"#)
            var corpus = try PromptCorpus(
                files: [scratch.file("prompts.jsonl")], columns: SideColumns(references: ["rate"]))
            guard case .rejected(let error)? = try corpus.next() else {
                Issue.record("n = \(n) was accepted")
                continue
            }
            #expect(error.code == .badSideValue)
        }
    }

    @Test("the digest follows the outcomes, and so does the context's")
    func digests() throws {
        let first = try join([line("a", id: "q1", #""reward":1"#)])
        let again = try join([line("a", id: "q1", #""reward":1"#)])
        let other = try join([line("a", id: "q1", #""reward":0"#)])
        #expect(first.index.digest == again.index.digest && first.index.digest != other.index.digest)
        #expect(first.history.context.digest == again.history.context.digest)
        #expect(first.history.context.digest != other.history.context.digest)
    }
}
