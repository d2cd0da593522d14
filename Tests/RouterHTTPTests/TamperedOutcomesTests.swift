import Foundation
import RouterHTTP
import Scoring
import TestSupport
import Testing

@Suite("Outcomes of the router in a file that was tampered with")
struct TamperedOutcomesTests {
    private func events(_ count: Int) throws -> [OutcomeStore.Event] {
        try (0..<count).map {
            OutcomeStore.Event(
                eventID: "e\0\($0)", model: "m\0", text: "a prompt\0\($0)", outcome: try #require(Outcome(k: 1, n: 2)))
        }
    }

    @Test("two hundred files with flipped bits are read or refused in words, by seed")
    func bits() async throws {
        let folder = try ScratchFolder.new()
        do { _ = try await OutcomeStore(path: folder + "/whole").record(events(300)) }
        let whole = Array(try Data(contentsOf: URL(filePath: folder + "/whole")))
        let events = try events(300)
        var (read, refused) = (0, 0)
        for seed in UInt64(0)..<200 {
            var random = SeededGenerator(seed: seed)
            var bytes = whole
            for _ in 0..<1 + seed % 16 {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            }
            let path = "\(folder)/\(seed)"
            try Data(bytes).write(to: URL(filePath: path))
            do {
                let store = try OutcomeStore(path: path)
                #expect(try store.newest(of: "m\0", limit: 1000).count <= 300)
                _ = try await store.record(Array(events.prefix(3)))
                read += 1
            } catch {
                #expect("\(error)".contains(path), "seed \(seed): \(error)")
                refused += 1
            }
        }
        #expect(read > 0 && read + refused == 200)
    }

    @Test("ids and prompts with U+0000 are whole after a restart, and count once")
    func zeros() async throws {
        let path = try ScratchFolder.new() + "/outcomes"
        do { _ = try await OutcomeStore(path: path).record(events(20)) }
        let store = try OutcomeStore(path: path)
        #expect(try store.newest(of: "m\0", limit: 100).map(\.text) == (0..<20).map { "a prompt\0\($0)" })
        #expect(try await store.record(events(20)).allSatisfy { !$0 })
    }
}
