import RemoteEncoding
import Testing

@Suite("EmbeddingAnswer: vectors of an answer, or what is wrong with it")
struct EmbeddingAnswerTests {
    private static func rows(_ body: String, count: Int) throws -> [EmbeddingAnswer.Row] {
        try EmbeddingAnswer(Array(body.utf8), count: count).rows
    }

    private static func problem(_ body: String, count: Int) -> EmbeddingAnswer.Problem? {
        #expect(throws: EmbeddingAnswer.Problem.self) { try rows(body, count: count) }
    }

    @Test("order is that of `index`, and vectors have norm 1")
    func order() throws {
        let body = #"{"data":[{"index":1,"embedding":[0,2]},{"index":0,"embedding":[3,4]}],"model":"m"}"#
        #expect(try Self.rows(body, count: 2) == [.vector([0.6, 0.8]), .vector([0, 1])])
    }

    @Test("base64 and JSON numbers give the same vectors")
    func formats() throws {
        let texts = ["a", "b", "c"]
        let base64 = try Self.rows(StubServer.body(texts, base64: true), count: 3)
        #expect(base64 == (try Self.rows(StubServer.body(texts, base64: false), count: 3)))
        #expect(base64 == texts.map { .vector(StubServer.unit(of: $0)) })
    }

    @Test(
        "a vector without a use is reported for its text alone",
        arguments: [("[0,0]", "all zeros"), ("[1,null]", "number 1"), ("[]", "empty"), (#""AADAfw==""#, "number 0")])
    func unusable(vector: String, reason: String) throws {
        let body = #"{"data":[{"index":0,"embedding":[3,4]},{"index":1,"embedding":"# + vector + "}]}"
        let rows = try Self.rows(body, count: 2)
        #expect(rows[0] == .vector([0.6, 0.8]))
        guard case .unusable(let text) = rows[1] else {
            Issue.record("expected no vector")
            return
        }
        #expect(text.contains(reason))
    }

    @Test(
        "an answer that is not what the API promises is an error that says why",
        arguments: [
            (#"{"data":[{"index":0,"embedding":[1]}]}"#, "1 vectors for 2 texts"),
            (#"{"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[1]}]}"#, "index 0 appears twice"),
            (#"{"data":[{"index":0,"embedding":[1]},{"index":2,"embedding":[1]}]}"#, "index 2 for 2 texts"),
            (#"{"data":[{"index":0,"embedding":[1]},{"index":-1,"embedding":[1]}]}"#, "index -1 for 2 texts"),
            (#"{"data":[{"index":0,"embedding":[1]},{"embedding":[1]}]}"#, "no `index`"),
            (#"{"data":[{"index":0,"embedding":[1]},{"index":1e300,"embedding":[1]}]}"#, "no `index`"),
            (#"{"data":[{"index":0,"embedding":[1]},{"index":1,"embedding":[1,2]}]}"#, "2 numbers, another has 1"),
            (#"{"data":[{"index":0,"embedding":[[1],[2]]},{"index":1,"embedding":[[1]]}]}"#, "--pooling mean"),
            (#"{"data":[{"index":0,"embedding":"!!"},{"index":1,"embedding":[1]}]}"#, "no base64"),
            (#"{"data":[{"index":0,"embedding":"AAAA"},{"index":1,"embedding":[1]}]}"#, "no base64 of Float32"),
            (#"{"data":[{"index":0,"embedding":true},{"index":1,"embedding":[1]}]}"#, "`embedding` of index 0 is true"),
            (#"{"data":[3,4]}"#, "an element of `data` is the number 3"),
            (#"{"object":"list"}"#, "`data` is missing"),
            ("[1,2]", "expected a JSON object"),
            ("<html><body>Welcome</body></html>", "not JSON at byte 1"),
            (#"{"data":[{"index":0,"embedd"#, "not JSON at byte"),
            ("", "not JSON"),
        ])
    func malformed(body: String, reason: String) {
        guard case .malformed(let text) = Self.problem(body, count: 2) else {
            Issue.record("expected an error that says: \(reason)")
            return
        }
        #expect(text.contains(reason))
    }

    @Test("a vector of more than 65,536 numbers is refused")
    func width() {
        let numbers = [String](repeating: "1", count: 65_537).joined(separator: ",")
        let problem = Self.problem(#"{"data":[{"index":0,"embedding":[\#(numbers)]}]}"#, count: 1)
        #expect(problem == .malformed("vector 0 has 65537 numbers, expected 65536 at most"))
    }

    @Test("NaN and Infinity as words, which Python servers write, are the fault of a text")
    func words() {
        for word in ["NaN", "-Infinity", "Infinity"] {
            #expect(Self.problem(#"{"data":[{"index":0,"embedding":[1,\#(word)]}]}"#, count: 1) == .notNumbers)
        }
    }
}
