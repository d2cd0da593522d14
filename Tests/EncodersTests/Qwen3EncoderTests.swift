import Encoders
import Foundation
import Kernels
import ModelFiles
import Scoring
import Synchronization
import TestSupport
import Testing

@Suite("Qwen3Encoder")
struct Qwen3EncoderTests {
    @Test("the slow reference agrees with transformers", arguments: Qwen3Golden.names)
    func referenceGolden(name: String) throws {
        let golden = try Qwen3Golden(name)
        let reference = Qwen3Reference(folder: golden.folder)
        var found: [Float] = []
        for index in 0..<golden.batch.count {
            found += try reference.encode(Array(golden.batch[index])).map { Float($0) }
        }
        let error = largestDifference(found, golden.states)
        print("Qwen3 \(name), reference: max error \(error) over \(golden.batch.tokens) tokens (tolerance 2e-5)")
        #expect(error < 2e-5)
    }

    @Test(
        "states are those of transformers, on one thread and on several", arguments: Qwen3Golden.names,
        [MatrixMultiply.Backend.automatic, .portable])
    func golden(name: String, backend: MatrixMultiply.Backend) throws {
        let golden = try Qwen3Golden(name)
        for threads in 1...3 {
            let encoder = try golden.encoder(threads: threads, backend: backend)
            let error = largestDifference(try encoder.states(golden.batch).flatMap(\.self), golden.states)
            print("Qwen3 \(name), \(encoder.numerics), \(threads) threads: max error \(error) (tolerance 2e-5)")
            #expect(error < 2e-5)
        }
    }

    @Test(
        "states in bfloat16 are near those in float32", arguments: Qwen3Golden.names,
        [MatrixMultiply.Backend.automatic, .portable])
    func bfloat16(name: String, backend: MatrixMultiply.Backend) throws {
        let golden = try Qwen3Golden(name)
        let encoder = try golden.encoder(precision: .bfloat16, backend: backend)
        let found = try encoder.states(golden.batch).flatMap(\.self)
        let error = Qwen3Golden.relative(found, golden.states)
        print("Qwen3 \(name), \(encoder.numerics): largest error \(error) of the largest state (tolerance 0.03)")
        #expect(error < 0.03 && error > 1e-5)
        #expect(encoder.numerics.hasPrefix("bf16"))
    }

    @Test(
        "in 8 bits states stay near those of transformers",
        arguments: Qwen3Golden.names, [MatrixMultiply.Backend.automatic, .portable])
    func eightBits(name: String, backend: MatrixMultiply.Backend) throws {
        let golden = try Qwen3Golden(name)
        let encoder = try golden.encoder(precision: .int8, backend: backend)
        let found = try encoder.states(golden.batch).flatMap(\.self)
        let error = Qwen3Golden.relative(found, golden.states)
        print("Qwen3 \(name), \(encoder.numerics): largest error \(error) of the largest state (tolerance 0.1)")
        #expect(error < 0.1 && error > 1e-4)
        #expect(encoder.numerics.hasPrefix("s8"))
    }

    @Test(
        "a state is the same bits alone, in any batch, at any place and on any number of threads",
        arguments: Qwen3Golden.names, Precision.allCases)
    func sameBitsInAnyCompany(name: String, precision: Precision) throws {
        let golden = try Qwen3Golden(name)
        let alone = try golden.encoder(precision: precision)
        let encoders = [alone] + (try (2...4).map { try golden.encoder(threads: $0, precision: precision) })
        for seed in 1...UInt64(12) {
            var random = SeededGenerator(seed: seed)
            let sequences = (0..<24).map { _ in
                // Half of them short, so that many different neighbours meet in one run.
                let length = Int.random(in: 1...(Bool.random(using: &random) ? 128 : 12), using: &random)
                return (0..<length).map { _ in
                    Int32.random(in: 0..<Int32(golden.folder.configuration.vocabulary), using: &random)
                }
            }
            var expected: [[Float]] = []
            for sequence in sequences { expected += try alone.states(RaggedBatch([sequence])) }
            for (threads, encoder) in encoders.enumerated() {
                let order = Array(
                    sequences.indices.shuffled(using: &random).prefix(Int.random(in: 1...24, using: &random)))
                let found = try encoder.states(RaggedBatch(order.map { sequences[$0] }))
                for (place, index) in order.enumerated() {
                    #expect(
                        found[place].map(\.bitPattern) == expected[index].map(\.bitPattern),
                        "seed \(seed), \(threads + 1) threads, sequence \(index) at place \(place)")
                }
            }
        }
    }

    @Test("a sequence longer than a run is computed by all threads, with the bits of one", arguments: [2, 3])
    func longSequence(threads: Int) throws {
        let path = try ScratchFolder.copy(of: "\(Qwen3Golden.path)/plain")
        try ScratchFolder.edit("\(path)/config.json") {
            $0.replacing("\"max_position_embeddings\": 128", with: "\"max_position_embeddings\": 1000")
        }
        let folder = try Qwen3Folder(path: path)
        let long = (0..<777).map { Int32($0 * 7 % 120) }
        let batch = RaggedBatch([long, [1, 2, 3], long.reversed()])
        let one = try Qwen3Encoder(folder: folder, packedIn: .nowhere)
        let several = try Qwen3Encoder(folder: folder, threads: threads, packedIn: .nowhere)
        #expect(one.tokensMax == 1000)
        let expected = try one.states(batch)
        #expect(try several.states(batch) == expected)
        let reference = try Qwen3Reference(folder: folder).encode(Array(long.prefix(400))).map { Float($0) }
        let error = largestDifference(try several.states(RaggedBatch([Array(long.prefix(400))]))[0], reference)
        print("Qwen3 plain, 400 tokens: max error \(error) against the slow reference (tolerance 2e-5)")
        #expect(error < 2e-5)
    }

    @Test("the consumer sees each sequence once, and last states are the last of all states")
    func consumer() throws {
        let golden = try Qwen3Golden("plain")
        let encoder = try golden.encoder(threads: 2)
        let seen = Mutex<[Int]>([])
        let counts = try encoder.encode(golden.batch) { states in
            seen.withLock { $0.append(states.sequence) }
            return states.count
        }
        #expect(counts == (0..<golden.batch.count).map { golden.batch[$0].count })
        #expect(seen.withLock { $0.sorted() } == Array(0..<golden.batch.count))
        let last = try encoder.states(golden.batch).flatMap { $0.suffix(encoder.width) }
        #expect(try encoder.lastStates(golden.batch) == last)
        #expect(try encoder.states(RaggedBatch()) == [])
    }

    @Test("an error of the consumer ends the batch, and the encoder can go on", arguments: [1, 2, 3])
    func consumerFails(threads: Int) throws {
        let golden = try Qwen3Golden("sharded")
        let encoder = try golden.encoder(threads: threads)
        for bad in 0..<golden.batch.count {
            #expect(throws: ModelError.notFinite(sequence: bad)) {
                try encoder.encode(golden.batch) { (states) throws(ModelError) in
                    if states.sequence == bad { throw .notFinite(sequence: bad) }
                }
            }
        }
        #expect(largestDifference(try encoder.states(golden.batch).flatMap(\.self), golden.states) < 2e-5)
    }

    @Test("sequences and tokens that the model does not read are refused by place")
    func refusals() throws {
        let encoder = try Qwen3Golden("plain").encoder()
        #expect(throws: ModelError.sequenceLength(sequence: 1, tokens: 129, range: 1...128)) {
            try encoder.states(RaggedBatch([[1], [Int32](repeating: 5, count: 129)]))
        }
        #expect(throws: ModelError.sequenceLength(sequence: 0, tokens: 0, range: 1...128)) {
            try encoder.states(RaggedBatch([[]]))
        }
        for bad in [Int32(120), -1, .max, .min] {
            #expect(throws: ModelError.tokenOutOfRange(sequence: 1, position: 2, token: bad, vocabulary: 120)) {
                try encoder.states(RaggedBatch([[1, 2], [3, 4, bad]]))
            }
        }
    }

    @Test("weights that are not numbers are found in the states, on the sequence's own account")
    func notFinite() throws {
        let path = try ScratchFolder.copy(of: "\(Qwen3Golden.path)/plain")
        try Self.spoil("\(path)/model.safetensors", row: 7)
        let encoder = try Qwen3Encoder(folder: try Qwen3Folder(path: path), threads: 2, packedIn: .nowhere)
        #expect(throws: ModelError.notFinite(sequence: 1)) { try encoder.states(RaggedBatch([[1, 2], [3, 7], [4]])) }
        #expect(try encoder.states(RaggedBatch([[1, 2], [3], [4]])).count == 3)
    }

    @Test("memory is known before it is taken", arguments: Precision.allCases)
    func memory(precision: Precision) throws {
        let golden = try Qwen3Golden("plain")
        let memory = try Qwen3Encoder.memory(
            golden.folder.configuration, tokensMax: 128, threads: 2, precision: precision, backend: .portable)
        let products = 32 * 128 + 64 * 32 + 32 * 96 + 48 * 32
        // The portable product keeps floats whatever the precision.
        #expect(memory.packedWeights == 2 * products * 4)
        #expect(memory.embedding == 120 * 32 * 2)
        #expect(memory.workingSet > 2 * 256 * 32 * 4)
        let more = try Qwen3Encoder.memory(golden.folder.configuration, tokensMax: 64, precision: precision)
        #expect(more.workingSet < memory.workingSet && more.tables < memory.tables)
    }

    // Makes the first number of an embedding row not a number.
    private static func spoil(_ path: String, row: Int) throws {
        let tensor = try #require(try SafetensorsFile(path: path).header.entries["embed_tokens.weight"])
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        let start = tensor.bytes.lowerBound + row * tensor.shape.sizes[1] * 2
        bytes.replaceSubrange(start..<start + 2, with: [0xC0, 0x7F])
        try bytes.write(to: URL(fileURLWithPath: path))
    }
}
