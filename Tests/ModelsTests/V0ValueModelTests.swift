import Foundation
import Kernels
import ModelFiles
import Models
import Scoring
import Synchronization
import Testing

@Suite("V0: the value model")
struct V0ValueModelTests {
    private static let queries = (0..<9).map { "Find the sum of the first \($0 * 11 + 2) primes." }

    private func model(
        _ settings: ModelSettings = ModelSettings(), available: @escaping () -> Int? = { nil }
    ) throws -> any ValueModel {
        let folder = try V0Folder(path: V0Folders.path("dynamic_query"))
        return try V0Parts.model(of: folder, settings: settings, availableMemory: available).model
    }

    private func predictions(_ model: any ValueModel, _ context: ContextSet) throws -> [Prediction] {
        let prepared = try model.prepare(context, features: model.embed(context.rows.map(\.text)))
        return try model.predict(model.embed(Self.queries), in: prepared)
    }

    @Test("a query's answer is the same alone, in a batch, on any threads, with the context kept or not")
    func sameBits() throws {
        let context = try V0Folders.context(rows: 20)
        let reference = try model()
        let expected = try predictions(reference, context)
        #expect(Set(expected.map(\.p)).count > 1)
        for settings in [
            ModelSettings(threads: 2), ModelSettings(contextCache: .none),
            ModelSettings(threads: 3, contextCache: .none),
        ] {
            let other = try model(settings)
            #expect(other.fingerprint == reference.fingerprint, "\(settings)")
            #expect(try predictions(other, context) == expected, "\(settings)")
        }
        let prepared = try reference.prepare(context, features: reference.embed(context.rows.map(\.text)))
        for (index, query) in Self.queries.enumerated() {
            #expect(try reference.predict(reference.embed([query]), in: prepared) == [expected[index]])
        }
    }

    @Test("what changes an answer changes the fingerprint")
    func fingerprints() throws {
        let all = [
            ModelSettings(), ModelSettings(precision: .bfloat16), ModelSettings(rowHash: .constant),
        ]
        #expect(Set(try all.map { try model($0).fingerprint }).count == all.count)
        let other = try ModelRegistry.load(.v0(folder: V0Folders.path("fixed_query")), settings: ModelSettings()).model
        #expect(try other.fingerprint != model().fingerprint)
    }

    @Test("a context of one class, of one prompt, or of none gives its base rate, flagged")
    func baseRate() throws {
        let model = try model()
        let contexts = [
            try V0Folders.context(rows: 12, solved: { _ in true }),
            try V0Folders.context(rows: 12, solved: { _ in false }),
            try V0Folders.context(rows: 0),
            try #require(
                ContextSet(
                    (0..<4).compactMap { row in
                        Outcome(reward: row < 1 ? 1 : 0).map { ContextSet.Row(text: "the same", outcome: $0) }
                    })),
        ]
        for (context, rate) in zip(contexts, [1, 0, 0.5, 0.25]) {
            let found = try predictions(model, context)
            #expect(found.allSatisfy { $0.p == Float(rate) && $0.flags.contains(.baseRate) })
        }
    }

    @Test("rewards are labels as in the reference: at least a half is a success")
    func labels() throws {
        let model = try model()
        let binary = try V0Folders.context(rows: 15)
        let graded = try #require(
            ContextSet(
                binary.rows.compactMap { row in
                    Outcome(reward: row.outcome.reward == 1 ? 0.5 : 0.49, n: 8).map {
                        ContextSet.Row(text: row.text, outcome: $0)
                    }
                }))
        #expect(try predictions(model, binary).map(\.p) == predictions(model, graded).map(\.p))
    }

    @Test("progress is reported while prompts are embedded, contexts prepared and queries answered")
    func progress() throws {
        let model = try model(ModelSettings(threads: 2))
        let count = Counter()
        model.tellProgress { count.add() }
        let context = try V0Folders.context(rows: 10)
        let features = try model.embed(context.rows.map(\.text))
        let embedded = count.value
        #expect(embedded == 10)
        let prepared = try model.prepare(context, features: features)
        // Two layers of four members.
        #expect(count.value - embedded == 8)
        let before = count.value
        _ = try model.predict(features, in: prepared)
        #expect(count.value > before)
    }

    @Test("contexts free each other's memory when it is short, and are prepared again with the same answers")
    func makesRoom() throws {
        let folder = try V0Folder(path: V0Folders.path("dynamic_query"))
        let one = try V0Memory(folder: folder, settings: ModelSettings()).bytes(rows: 20)
        let room = one.preparedContext + one.predicting
        let machine = Machine()
        let model = try model(available: { machine.next() })
        let first = try V0Folders.context(rows: 20)
        let second = try V0Folders.context(rows: 20, salt: 5)
        let plain = try self.model()
        let queries = try model.embed(Self.queries)
        let expected = (try predictions(plain, first), try predictions(plain, second))
        let features = try model.embed(first.rows.map(\.text))
        // Nothing to free yet: refused, with the numbers.
        machine.answers = [room - 1]
        let error = #expect(throws: ValueModelError.self) { try model.prepare(first, features: features) }
        let message = "\(try #require(error))"
        #expect(message.contains("\(ByteCount(room - 1))") && message.contains("--context-cache none"), "\(message)")
        machine.answers = [room]
        let a = try model.prepare(first, features: features)
        // Each time there is memory for one: the other is freed, and then it is enough.
        machine.answers = [room - 1, room]
        let b = try model.prepare(second, features: model.embed(second.rows.map(\.text)))
        #expect(try model.predict(queries, in: b) == expected.1)
        machine.answers = [room - 1, room]
        #expect(try model.predict(queries, in: a) == expected.0)
        #expect(machine.answers.isEmpty)
        machine.answers = [room - 1, room]
        #expect(try model.predict(queries, in: b) == expected.1)
        #expect(machine.answers.isEmpty)
    }

    @Test("a model that does not fit is refused before anything is loaded")
    func doesNotFit() throws {
        let error = #expect(throws: ModelError.self) { try model(available: { 1000 }) }
        let message = "\(try #require(error))"
        #expect(message.contains("1000 bytes") && message.contains("bfloat16"), "\(message)")
    }

    @Test("a sentence-transformers model refuses V0's settings by the option's name")
    func settingsOfOthers() throws {
        for (settings, words) in [
            (ModelSettings(contextCache: .none), ["--context-cache", "none", "keep"]),
            (ModelSettings(rowHash: .constant), ["--row-hash", "constant", "reference"]),
        ] {
            let error = #expect(throws: ModelError.self) {
                _ = try ModelRegistry.load(.sentenceTransformer(folder: "/nowhere"), settings: settings)
            }
            for word in words { #expect("\(try #require(error))".contains(word), "\(word)") }
        }
    }

    /// Gives scripted amounts of available memory, then `nil`, as a system that does not say.
    private final class Machine {
        var answers: [Int] = []

        func next() -> Int? { answers.isEmpty ? nil : answers.removeFirst() }
    }

    private final class Counter: Sendable {
        private let count = Mutex(0)
        var value: Int { count.withLock { $0 } }
        func add() { count.withLock { $0 += 1 } }
    }
}
