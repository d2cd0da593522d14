import Evaluation
import Scoring
import Testing

@Suite("Leak check")
struct LeakCheckTests {
    private static let words = (0..<20).map { "word\($0)" }

    private static func check(_ prompts: [String: String]) throws -> LeakCheck {
        let outcome = try #require(Outcome(reward: 1))
        let rows = prompts.keys.sorted().map { id in
            EvaluationSource.Row(
                policy: Policy(id: "a"), promptID: id, outcome: outcome, role: id == "known" ? .context : .query)
        }
        return LeakCheck([try EvaluationSource(name: "s", prompts: prompts, rows: rows)])
    }

    @Test("a prompt with the same letters and digits is found, whatever case, space and punctuation it has")
    func sameText() throws {
        var check = try Self.check(["a": "What is 2 + 2?", "b": "What is 2 + 3?", "known": "What is 9?"])
        check.receive(training: "what IS 22", id: "t1", file: "f")
        check.receive(training: "What is 9?", id: "t2", file: "f")
        let report = check.report
        #expect(report.leaks.map(\.promptID) == ["a"] && report.leaks[0].isSameText)
        #expect(report.leaks[0].trainingID == "t1" && report.trainingPrompts == 2)
        let counts = report.sources[0]
        #expect(counts.queries == 2 && counts.sameText == 1 && counts.reworded == 0)
    }

    @Test("a prompt is found where one training prompt has more than 40 % of its sequences, and not at 40 %")
    func reworded() throws {
        // 17 words: ten sequences of eight.
        let query = Self.words.prefix(17).joined(separator: " ")
        for (shared, isFound) in [(12, true), (11, false)] {
            var check = try Self.check(["a": query])
            let training = Self.words.prefix(shared).joined(separator: ", ") + " and then something else entirely"
            check.receive(training: training, id: "t", file: "f")
            #expect(check.report.leaks.isEmpty == !isFound)
            if isFound { #expect(check.report.leaks[0].share == 0.5 && !check.report.leaks[0].isSameText) }
        }
    }

    @Test("sequences of different training prompts are not added up, and the nearest prompt is named")
    func nearest() throws {
        let query = Self.words.prefix(17).joined(separator: " ")
        var check = try Self.check(["a": query])
        check.receive(training: Self.words.prefix(11).joined(separator: " "), id: "first", file: "f")
        check.receive(training: Self.words[6..<17].joined(separator: " "), id: "second", file: "f")
        #expect(check.report.leaks.isEmpty)
        check.receive(training: Self.words.prefix(12).joined(separator: " "), id: "third", file: "f")
        check.receive(training: Self.words.prefix(13).joined(separator: " "), id: "fourth", file: "g")
        check.receive(training: Self.words.prefix(12).joined(separator: " "), id: "fifth", file: "f")
        #expect(check.report.leaks.map(\.trainingID) == ["fourth"] && check.report.leaks[0].share == 0.6)
    }

    @Test("short prompts are only found as equal")
    func short() throws {
        var check = try Self.check(["a": "one two three"])
        check.receive(training: "one two three four", id: "t", file: "f")
        #expect(check.report.leaks.isEmpty)
        #expect("\(LeakTable(check.report))".hasSuffix("0 query prompts have been seen in 1 training prompts"))
    }

    @Test("queries that training has seen are left out, and context rows with the same texts stay")
    func leftOut() throws {
        let prompts = ["a": "What is 2 + 2?", "b": "What is 2 + 3?", "known": "What is 9?"]
        let outcome = try #require(Outcome(reward: 1))
        let rows = prompts.keys.sorted().map { id in
            EvaluationSource.Row(
                policy: Policy(id: "a"), promptID: id, outcome: outcome, role: id == "known" ? .context : .query)
        }
        let source = try EvaluationSource(name: "s", prompts: prompts, rows: rows)
        var check = LeakCheck([source])
        #expect(try check.unseen([source])[0].rows == rows)
        check.receive(training: "what is 22", id: "t", file: "f")
        check.receive(training: "What is 9?", id: "t", file: "f")
        #expect(try check.unseen([source])[0].rows.map(\.promptID) == ["b", "known"])
        check.receive(training: "what is 23", id: "t", file: "f")
        #expect(try check.unseen([source])[0].rows.map(\.promptID) == ["known"])
    }
}
