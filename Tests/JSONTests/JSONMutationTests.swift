import Foundation
import JSON
import TestSupport
import Testing

/// Compares the reader with Foundation's on texts that are almost JSON.
@Suite("JSON reader on mutated texts")
struct JSONMutationTests {
    @Test("random bytes never trap, and the verdict on mutated texts is Foundation's")
    func mutations() throws {
        var generator = SplitMix(state: 20)
        let original = Array(
            #"{"prompt":"a\n\u00e9 b","i":"i1","m":{"k":[1,-2.5e3,true,null,{"q":"\\"}]},"z":0}"#.utf8)
        let alphabet = Array(#"{}[]:,"\\0123456789eE+-.truefalsn u/ "#.utf8)
        var good = 0
        for _ in 0..<4000 {
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
            let foundation = try? JSONSerialization.jsonObject(with: Data(mutant), options: [.fragmentsAllowed])
            let text = String(decoding: mutant, as: UTF8.self)
            do {
                let value = try JSONValue(reading: mutant)
                #expect(foundation != nil, "\(text)")
                guard let prompt = (foundation as? [String: Any])?["prompt"] as? String else { continue }
                #expect(value.object?["prompt"]?.string == prompt, "\(text)")
                good += 1
            } catch {
                // Foundation accepts a name twice, half a surrogate pair, and a comma before a closing brace.
                let isStricter = ["twice", "surrogate", "before \"}"].contains { "\(error)".contains($0) }
                #expect(isStricter || foundation == nil, "\(text): \(error)")
            }
        }
        #expect(good > 200, "too few mutants are JSON")
    }

    @Test("the text up to any byte is refused, and never traps")
    func truncated() {
        let text = Array(#"{"a":["\u00e9\ud83d\ude00",-1.5e+3,{"b":null}],"c":true}"#.utf8)
        for count in 0..<text.count {
            #expect(throws: JSONError.self) { try JSONValue(reading: Array(text[..<count])) }
            var reader = JSONReader(utf8: Array(text[..<count]))
            #expect(throws: JSONError.self) { try reader.object(selecting: [Array("a".utf8)]) }
        }
    }
}

/// SplitMix64: the same numbers on every machine.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
