import Encoders
import Kernels
import ModelFiles
import Scoring
import TestSupport
import Testing

@Suite("BertEncoder")
struct BertEncoderTests {
    let tiny: SentenceTransformerFolder

    init() throws {
        tiny = try SentenceTransformerFolder(path: "\(EncoderGolden.folder)/tiny")
    }

    @Test("the slow reference agrees with transformers on the tiny model")
    func referenceGolden() throws {
        let golden = try EncoderGolden("tiny", width: 32)
        let reference = BertReference(folder: tiny)
        var found: [Float] = []
        for index in 0..<golden.batch.count {
            found += try reference.encode(Array(golden.batch[index])).map { Float($0) }
        }
        let error = largestDifference(found, golden.embeddings)
        print("tiny BERT, reference: max error \(error) over \(golden.batch.count) sequences (tolerance 1e-5)")
        #expect(error < 1e-5)
    }

    @Test(
        "embeddings of the tiny model are those of transformers",
        arguments: [MatrixMultiply.Backend.automatic, .portable])
    func tinyGolden(backend: MatrixMultiply.Backend) throws {
        let golden = try EncoderGolden("tiny", width: 32)
        let encoder = try BertEncoder(folder: tiny, backend: backend)
        let error = largestDifference(try encoder.encode(golden.batch), golden.embeddings)
        print("tiny BERT, \(encoder.numerics): max error \(error) (tolerance 1e-5)")
        #expect(error < 1e-5)
    }

    @Test(
        "embeddings of all-MiniLM-L6-v2 are those of transformers",
        .enabled(if: Repository.defaultModel != nil, "no default model: run statezero model fetch"),
        arguments: [MatrixMultiply.Backend.automatic, .portable])
    func realGolden(backend: MatrixMultiply.Backend) throws {
        let path = try #require(Repository.defaultModel)
        let golden = try EncoderGolden("minilm", width: 384)
        let encoder = try BertEncoder(folder: try SentenceTransformerFolder(path: path), threads: 2, backend: backend)
        let error = largestDifference(try encoder.encode(golden.batch), golden.embeddings)
        print(
            "all-MiniLM-L6-v2, \(encoder.numerics): max error \(error) over \(golden.batch.count) texts (tolerance 1e-4)"
        )
        #expect(error < 1e-4)
    }

    @Test(
        "in fewer bits embeddings stay near those of transformers",
        arguments: [(Precision.bfloat16, Float(0.999)), (.int8, 0.98)],
        [MatrixMultiply.Backend.automatic, .portable])
    func fewerBits(_ what: (precision: Precision, cosine: Float), backend: MatrixMultiply.Backend) throws {
        var cases = [("tiny", 32, tiny)]
        if let path = Repository.defaultModel {
            cases.append(("minilm", 384, try SentenceTransformerFolder(path: path)))
        }
        for (name, width, folder) in cases {
            let golden = try EncoderGolden(name, width: width)
            let encoder = try BertEncoder(folder: folder, precision: what.precision, backend: backend)
            let found = try encoder.encode(golden.batch)
            let cosines = stride(from: 0, to: found.count, by: width).map { start in
                (start..<start + width).reduce(Float(0)) { $0 + found[$1] * golden.embeddings[$1] }
            }
            let least = try #require(cosines.min())
            print("\(name), \(encoder.numerics): least cosine \(least) to float32 (tolerance \(what.cosine))")
            #expect(least > what.cosine && largestDifference(found, golden.embeddings) > 1e-5)
        }
    }

    @Test("packed weights that another process left give the same bits, without packing", arguments: Precision.allCases)
    func packedFile(precision: Precision) throws {
        let golden = try EncoderGolden("tiny", width: 32)
        let folder = try ScratchFolder.file([]) + ".packed"
        let first = try BertEncoder(folder: tiny, precision: precision, packedIn: .folder(folder))
        let second = try BertEncoder(folder: tiny, precision: precision, packedIn: .folder(folder))
        guard case .written(let file) = first.packedWeights else {
            Issue.record("\(first.packedWeights)")
            return
        }
        #expect(second.packedWeights == .found(file: file))
        let own = try BertEncoder(folder: tiny, precision: precision).encode(golden.batch).map(\.bitPattern)
        #expect(try first.encode(golden.batch).map(\.bitPattern) == own)
        #expect(try second.encode(golden.batch).map(\.bitPattern) == own)
    }

    @Test(
        "an embedding is the same bits alone, in any batch, at any place and on any number of threads",
        arguments: Precision.allCases)
    func sameBitsInAnyCompany(precision: Precision) throws {
        let path = Repository.defaultModel
        let folder = try path.map { (path) throws(ModelError) in try SentenceTransformerFolder(path: path) } ?? tiny
        try expectSameBits(folder, precision, rounds: path == nil ? 40 : 2)
        try expectSameBits(tiny, precision, rounds: 40)
    }

    private func expectSameBits(_ folder: SentenceTransformerFolder, _ precision: Precision, rounds: Int) throws {
        let alone = try BertEncoder(folder: folder, precision: precision)
        let pair = try BertEncoder(folder: folder, threads: 2, precision: precision)
        let width = alone.width
        let lengthMax = alone.configuration.tokensMax
        var largest: Float = 0
        for seed in 1...UInt64(rounds) {
            var random = SeededGenerator(seed: seed)
            let sequences = (0..<24).map { _ in
                // Half of them short, so that many different neighbours meet in one run.
                let length = Int.random(in: 1...(Bool.random(using: &random) ? lengthMax : 20), using: &random)
                return (0..<length).map { _ in
                    Int32.random(in: 0..<Int32(alone.configuration.vocabulary), using: &random)
                }
            }
            var expected: [[Float]] = []
            for sequence in sequences { expected.append(try alone.encode(RaggedBatch([sequence]))) }
            for encoder in [alone, pair] {
                let order = Array(sequences.indices).shuffled(using: &random)
                let found = try encoder.encode(RaggedBatch(order.map { sequences[$0] }))
                for (place, index) in order.enumerated() {
                    let part = Array(found[place * width..<(place + 1) * width])
                    largest = max(largest, largestDifference(part, expected[index]))
                    #expect(
                        part.map(\.bitPattern) == expected[index].map(\.bitPattern),
                        "seed \(seed), sequence \(index) of \(sequences[index].count) tokens at place \(place)")
                }
            }
        }
        print("\(folder.name), \(alone.numerics): largest difference between batches \(largest), \(rounds) seeds")
    }

    @Test("a batch of nothing has no embeddings")
    func emptyBatch() throws {
        #expect(try BertEncoder(folder: tiny).encode(RaggedBatch()) == [])
    }

    @Test("a sequence that the model does not read is refused by number and length")
    func lengths() throws {
        let encoder = try BertEncoder(folder: tiny)
        let long = [Int32](repeating: 5, count: 49)
        #expect(throws: ModelError.sequenceLength(sequence: 1, tokens: 49, range: 1...48)) {
            try encoder.encode(RaggedBatch([[1, 2], long]))
        }
        #expect(throws: ModelError.sequenceLength(sequence: 0, tokens: 0, range: 1...48)) {
            try encoder.encode(RaggedBatch([[], [1]]))
        }
    }

    @Test("a token outside the vocabulary is refused by place", arguments: [Int32(120), -1, .max, .min])
    func tokens(bad: Int32) throws {
        let encoder = try BertEncoder(folder: tiny)
        #expect(throws: ModelError.tokenOutOfRange(sequence: 1, position: 2, token: bad, vocabulary: 120)) {
            try encoder.encode(RaggedBatch([[1, 2], [3, 4, bad]]))
        }
    }
}
