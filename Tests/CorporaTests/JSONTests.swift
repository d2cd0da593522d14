import Corpora
import Foundation
import Scoring
import Testing

/// The JSON reader is tested through the corpus, which is its only door.
@Suite("JSON of rows")
struct JSONTests {
    let scratch: Scratch

    init() throws {
        scratch = try Scratch()
    }

    /// What the corpus makes of one line.
    private func read(_ line: String) throws -> PromptCorpus.Element {
        let elements = try elements([scratch.write("row", line)])
        return try #require(elements.first)
    }

    @Test("escapes, surrogate pairs and every plain character come through")
    func strings() throws {
        let row = try read(#"{ "id" : "a\/\"\\\n\t\r\b\f" , "prompt":"\u00e9\ud83d\ude00 ü 漢 \u0000 end" }"#).row
        #expect(row?.prompt.id == "a/\"\\\n\t\r\u{8}\u{C}")
        #expect(row?.prompt.text == "é😀 ü 漢 \0 end")
        #expect(try read(#"{"pr\u006fmpt":"by an escaped key"}"#).row?.prompt.text == "by an escaped key")
    }

    @Test(
        "what is not JSON is refused",
        arguments: [
            #"{"prompt":"a""#, #"{"prompt":"a"} {"#, #"{"prompt":"a",}"#, #"{"prompt" "a"}"#, #"{prompt:"a"}"#,
            #"{"prompt":"a\x"}"#, #"{"prompt":"a\u12"}"#, #"{"prompt":"a\u12zz"}"#, #"{"prompt":"\ud800"}"#,
            #"{"prompt":"\ud800\u0041"}"#, #"{"prompt":"\udc00"}"#, #"{"prompt":"a","x":01}"#,
            #"{"prompt":"a","x":1.}"#,
            #"{"prompt":"a","x":-}"#, #"{"prompt":"a","x":1e}"#, #"{"prompt":"a","x":NaN}"#,
            #"{"prompt":"a","x":-Infinity}"#,
            #"{"prompt":"a","x":tru}"#, #"{"prompt":"a","x":[1,]}"#, #"{"prompt":"a","x":[1 2]}"#,
            #"{"prompt":"a","x":}"#,
            #"{"prompt":"a"#, "{\"prompt\":\"a\u{1}\"}", #"{"prompt":"a\"#, #"{"prompt":"a","prompt":"b"}"#, "{",
            "hello",
            #"{"prompt":"a","x":.5}"#, #"{"prompt":"a","x":+1}"#, #"{"prompt":"a" /* no */}"#, #"{'prompt':'a'}"#,
        ])
    func refused(line: String) throws {
        let error = try #require(try read(line).error)
        #expect(error.code == .badJSON, "\(error)")
        #expect(error.line == 1)
        #expect(!error.message.isEmpty)
    }

    @Test("nesting is bounded, so that a line cannot exhaust the stack")
    func nesting() throws {
        func nested(_ depth: Int) -> String {
            #"{"prompt":"a","x":\#(String(repeating: "[", count: depth))\#(String(repeating: "]", count: depth))}"#
        }
        #expect(try read(nested(100)).row != nil)
        #expect(try read(nested(1_000_000)).error?.code == .badJSON)
        #expect(try read(#"{"prompt":\#(String(repeating: "[", count: 100_000))"#).error?.code == .badJSON)
    }

    @Test("NaN as Python writes it is named")
    func namedNaN() throws {
        #expect(
            try read(#"{"prompt":"a","metadata":{"loss":NaN}}"#).error?.message.contains("NaN and Infinity") == true)
    }

    @Test("random bytes never trap, and the verdict on mutated rows is Foundation's")
    func mutations() throws {
        let seed: UInt64 = 20
        var generator = SeededGenerator(seed: seed)
        let original = Array(
            #"{"prompt":"a\n\u00e9 b","i":"i1","m":{"k":[1,-2.5e3,true,null,{"q":"\\"}]},"z":0}"#.utf8)
        let alphabet = Array(#"{}[]:,"\\0123456789eE+-.truefalsn u/ "#.utf8)
        var content: [UInt8] = []
        var mutants: [[UInt8]] = []
        while mutants.count < 4000 {
            var mutant = original
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let place = Int.random(in: 0..<mutant.count, using: &generator)
                let byte = alphabet.randomElement(using: &generator) ?? 0x20
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: mutant[place] = byte
                case 1: mutant.insert(byte, at: place)
                default: mutant.remove(at: place)
                }
            }
            mutants.append(mutant)
            content += mutant + [0x0A]
        }
        let elements = try elements([scratch.write("mutants", content)])
        #expect(elements.count == mutants.count)
        var good = 0
        for (mutant, element) in zip(mutants, elements) {
            let isJSON = element.error?.code != .badJSON
            let object = try? JSONSerialization.jsonObject(with: Data(mutant), options: [.fragmentsAllowed])
            // Ours alone refuses a wanted key that stands twice and half a surrogate pair; Foundation lets a comma
            // stand before a closing brace.
            let message = element.error?.message ?? ""
            let isStricter = ["twice", "surrogate", "before \"}\"", "before \"},"].contains { message.contains($0) }
            if !isJSON, isStricter { continue }
            #expect(isJSON == (object != nil), "seed \(seed): \(String(decoding: mutant, as: UTF8.self)): \(element)")
            if let row = element.row, let text = (object as? [String: Any])?["prompt"] as? String {
                #expect(row.prompt.text == text)
                good += 1
            }
        }
        #expect(good > 200, "the mutants have to leave some rows good")
    }
}
