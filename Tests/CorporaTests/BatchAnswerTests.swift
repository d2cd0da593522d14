import Foundation
import JSON
import Scoring
import TestSupport
import Testing

import Corpora

@Suite("Scores as lines of an OpenAI batch output")
struct BatchAnswerTests {
    private static let good = #"{"prompt_id":"é\"1","p":0.25,"kappa":4.0,"p_lo":0.1,"p_hi":0.4,"status":"ok"}"#
    private static let bad =
        #"{"prompt_id":"b","status":"error","error":{"code":"bad_json","message":"m","file":"f","line":7}}"#
    private static let unnamed =
        #"{"prompt_id":null,"status":"error","error":{"code":"bad_json","message":"m","file":"f","line":8}}"#

    private func wrapped(_ lines: [String]) throws -> [UInt8] {
        try BatchAnswer.wrapped(Array(lines.map { $0 + "\n" }.joined().utf8), name: "part")
    }

    @Test("a line has the members of a batch output, and the score row as the body")
    func members() throws {
        let lines = try wrapped([Self.good, Self.bad]).split(separator: 0x0A).map {
            try #require(try JSONValue(reading: Array($0)).object)
        }
        #expect(
            lines.map { $0.members.map(\.name) }
                == Array(repeating: ["id", "custom_id", "response", "error"], count: 2))
        #expect(lines[0]["custom_id"]?.string == "é\"1" && lines[1]["custom_id"]?.string == "b")
        let response = lines[0]["response"]?.object
        #expect(response?["status_code"]?.integer == 200)
        #expect(response?["body"] == (try JSONValue(reading: Array(Self.good.utf8))))
        #expect(lines[1]["response"] == .null && lines[1]["error"]?.object?["line"]?.integer == 7)
        #expect(lines[0]["error"] == .null)
    }

    @Test("scores and errors are read back from such lines")
    func reading() throws {
        let scratch = try Scratch()
        let text = String(decoding: try wrapped([Self.good, Self.bad, Self.unnamed]), as: UTF8.self)
        var reader = try ScoresReader(path: try scratch.write("scores.jsonl", text))
        guard case .score(let score)? = try reader.next() else { return #expect(Bool(false), "no score") }
        #expect(score.promptID == "é\"1" && score.p == 0.25 && score.kappa == 4 && score.interval == 0.1...0.4)
        guard case .failed("b", _, 2)? = try reader.next() else { return #expect(Bool(false), "no error row") }
        guard case .failed(nil, _, 3)? = try reader.next() else { return #expect(Bool(false), "no unnamed error row") }
        #expect(try reader.next() == nil)
    }

    @Test("what is no score row is refused; other batch outputs stay as they are")
    func foreign() throws {
        #expect(throws: CorporaError.self) { try wrapped([#"{"p":1}"#]) }
        #expect(throws: CorporaError.self) { try wrapped(["[]"]) }
        for text in [
            #"{"id":"batch_req_1"}"#, #"{"id":"batch_req_1","response":7,"error":null}"#, #"{"id":"batch_req_1""#, "{",
        ] {
            guard case .json(let bytes) = BatchAnswer.unwrapped(.json(Array(text.utf8))) else {
                return #expect(Bool(false), "another kind of content")
            }
            #expect(String(decoding: bytes, as: UTF8.self) == text)
        }
    }
}
