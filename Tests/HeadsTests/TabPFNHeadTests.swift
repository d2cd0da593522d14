import Heads
import Kernels
import ModelFiles
import Scoring
import TestSupport
import Testing

@Suite("TabPFNHead")
struct TabPFNHeadTests {
    let golden: V0HeadGolden
    let context: FeatureMatrix
    let labels: [Bool]

    init() throws {
        golden = try V0HeadGolden("head_golden")
        context = try golden.matrix("X_train")
        labels = try golden.labels()
    }

    private func queries(_ count: Int, seed: UInt64 = 3) -> FeatureMatrix {
        var random = SeededGenerator(seed: seed)
        return FeatureMatrix(
            columns: context.columns, values: (0..<count * context.columns).map { _ in Float(random.unit() * 4 - 2) },
            isTruncated: [Bool](repeating: false, count: count))
    }

    @Test("a query's answer is the same bits alone, in any batch, on any threads, and with the context kept or not")
    func anyCompany() throws {
        for arithmetic in [
            TabPFNArithmetic(), TabPFNArithmetic(backend: .portable),
            TabPFNArithmetic(precision: .bfloat16, keysValues: .bfloat16),
        ] {
            let head = try V0HeadGolden.head(arithmetic: arithmetic)
            let asked = queries(70)
            let kept = try head.prepare(context, labels: labels)
            let whole = try head.predict(asked, in: kept)
            for index in [0, 1, 33, 63, 64, 69] {
                let alone = try head.predict(asked.selecting([index]), in: kept)
                #expect(Self.bits(alone, 0) == Self.bits(whole, index), "query \(index), \(head.numerics)")
            }
            let order = [5, 69, 2, 11, 64, 7, 30]
            let some = try head.predict(asked.selecting(order), in: kept)
            for (place, index) in order.enumerated() { #expect(Self.bits(some, place) == Self.bits(whole, index)) }
            let threads = try V0HeadGolden.head(threads: 3, arithmetic: arithmetic)
            #expect(
                Self.bits(try threads.predict(asked, in: try threads.prepare(context, labels: labels)))
                    == Self.bits(whole))
            for bytesMax in [900_000_000, 1] {
                let without = try threads.predictWithoutContext(
                    asked.selecting(order), context: context, labels: labels, bytesMax: bytesMax)
                #expect(Self.bits(without) == Self.bits(some), "\(bytesMax) bytes")
            }
        }
    }

    @Test("keys and values in bfloat16, and products in it, move scores by less than two digits")
    func coarser() throws {
        let asked = queries(40)
        let exact = try V0HeadGolden.head()
        let expected = try exact.predict(asked, in: try exact.prepare(context, labels: labels)).scores
        for (name, arithmetic, tolerance) in [
            ("keys and values", TabPFNArithmetic(keysValues: .bfloat16), Float(5e-3)),
            ("products", TabPFNArithmetic(precision: .bfloat16), Float(5e-2)),
        ] {
            let head = try V0HeadGolden.head(arithmetic: arithmetic)
            let found = try head.predict(asked, in: try head.prepare(context, labels: labels)).scores
            let error = largestDifference(found, expected)
            print("\(name) in bfloat16: scores move by up to \(error) (tolerance \(tolerance))")
            #expect(error < tolerance)
            #expect(error > 0)
        }
    }

    @Test("a constant column changes nothing, and neither does the unit of another")
    func uselessColumns() throws {
        let head = try V0HeadGolden.head()
        let asked = queries(3)
        let whole = try head.predict(asked, in: try head.prepare(context, labels: labels))
        // Column 1 is constant already; without it the plan is the same.
        func without(_ matrix: FeatureMatrix) -> FeatureMatrix {
            FeatureMatrix(
                columns: matrix.columns - 1,
                values: matrix.values.enumerated().filter { $0.offset % matrix.columns != 1 }.map(\.element),
                isTruncated: matrix.isTruncated)
        }
        let fewer = try head.predict(without(asked), in: try head.prepare(without(context), labels: labels))
        #expect(Self.bits(fewer) == Self.bits(whole))
        func doubled(_ matrix: FeatureMatrix) -> FeatureMatrix {
            FeatureMatrix(
                columns: matrix.columns,
                values: matrix.values.enumerated().map {
                    $0.offset % matrix.columns == 3 ? $0.element * 8 : $0.element
                },
                isTruncated: matrix.isTruncated)
        }
        let larger = try head.predict(doubled(asked), in: try head.prepare(doubled(context), labels: labels))
        #expect(Self.bits(larger) == Self.bits(whole))
    }

    @Test("the order of context rows changes scores by rounding alone, if fingerprints go with their rows")
    func orderOfRows() throws {
        let head = try V0HeadGolden.head()
        let asked = queries(5)
        let order = Array((0..<20).reversed())
        let answers = try [Array(0..<20), order].map { order in
            try head.predict(
                asked,
                in: try head.prepare(
                    context.selecting(order), labels: order.map { labels[$0] }, fingerprints: .constant))
        }
        let error = largestDifference(answers[0].scores, answers[1].scores)
        print("context in another order: scores move by up to \(error) (tolerance 1e-5)")
        #expect(error < 1e-5)
    }

    @Test("a context of one class, or of two rows, still gives finite scores")
    func poorContexts() throws {
        let head = try V0HeadGolden.head()
        for (rows, truth) in [(20, false), (20, true), (2, true)] {
            let some = context.selecting(Array(0..<rows))
            let answer = try head.predict(
                queries(3), in: try head.prepare(some, labels: [Bool](repeating: truth, count: rows)))
            #expect(answer.scores.allSatisfy { $0.isFinite && $0 >= 0 && $0 <= 1 })
        }
        let none = try head.predict(queries(0), in: try head.prepare(context, labels: labels))
        #expect(none.scores == [] && none.rawLogits == [[], [], [], []])
    }

    @Test("data that does not fit is refused with the numbers")
    func refusals() throws {
        let head = try V0HeadGolden.head()
        #expect(throws: TabPFNError.count(what: "labels", expected: 20, found: 3)) {
            try head.prepare(context, labels: [true, false, true])
        }
        #expect(throws: TabPFNError.constantContext(rows: 1, columns: 10)) {
            try head.prepare(context.selecting([4]), labels: [true])
        }
        let prepared = try head.prepare(context, labels: labels)
        let narrow = FeatureMatrix(columns: 9, values: [Float](repeating: 0, count: 9), isTruncated: [false])
        #expect(throws: TabPFNError.width(expected: 10, found: 9)) { try head.predict(narrow, in: prepared) }
        var values = queries(2).values
        values[13] = .nan
        let broken = FeatureMatrix(columns: 10, values: values, isTruncated: [false, false])
        #expect(throws: TabPFNError.notFinite(stage: "query features", row: 1)) {
            try head.predict(broken, in: prepared)
        }
        let wide = FeatureMatrix(
            columns: 40, values: (0..<400).map { Float($0 * $0 % 37) }, isTruncated: [Bool](repeating: false, count: 10)
        )
        #expect(throws: TabPFNError.tooManyColumns(found: 41, groups: 14, groupsMax: 0)) {
            try head.prepare(wide, labels: Array(labels.prefix(10)))
        }
    }

    @Test("weights of another head are refused by tensor")
    func weights() throws {
        let file = try V0HeadGolden("head").file
        var sizes = V0HeadGolden.configuration
        sizes.layers = 3
        #expect(
            throws: ModelError.tensorMissing(
                file: file.path, tensor: "transformer_encoder.layers.2.mlp.linear1.weight")
        ) { try TabPFNHead(weights: file, configuration: sizes) }
        sizes.layers = 1
        #expect(throws: ModelError.self) { try TabPFNHead(weights: file, configuration: sizes) }
        sizes = V0HeadGolden.configuration
        sizes.thinkingRows = 5
        #expect(
            throws: ModelError.tensorShape(
                file: file.path, tensor: "add_thinking_tokens.row_token_values", expected: Shape(5, 24),
                found: Shape(4, 24))
        ) { try TabPFNHead(weights: file, configuration: sizes) }
        sizes.width = 20
        #expect(throws: ModelError.self) { try TabPFNHead(weights: file, configuration: sizes) }
    }

    @Test("memory is computed beforehand, and a context needs as much")
    func memory() throws {
        let release = TabPFNMemory(TabPFNConfiguration(), ensemble: EnsembleConfiguration())
        // 4.95 GiB for all columns of all layers; of the last layer only the target's are kept.
        let bytes = release.context(rows: 256, features: 1008)
        #expect(bytes == 4 * (23 * 338 + 1) * 320 * 128 * 4)
        let halved = TabPFNMemory(
            TabPFNConfiguration(), ensemble: EnsembleConfiguration(),
            arithmetic: TabPFNArithmetic(keysValues: .bfloat16))
        #expect(halved.context(rows: 256, features: 1008) == bytes / 2)
        let queries = release.queriesWithoutContext(rows: 256, features: 1008, threads: 2, limit: 900_000_000)
        let needed = release.weights + release.withoutContext(rows: 256, features: 1008, queries: queries, threads: 2)
        print("without a context kept: \(queries) queries at once in \(needed) bytes; a context takes \(bytes)")
        #expect(queries >= 256 && needed <= 900_000_000)
        let head = try V0HeadGolden.head()
        #expect(try head.prepare(context, labels: labels).bytes == head.memory.context(rows: 20, features: 9))
    }

    @Test("progress is reported after each layer of each member")
    func progress() throws {
        let head = try V0HeadGolden.head()
        var steps = 0
        head.progress = { steps += 1 }
        let prepared = try head.prepare(context, labels: labels)
        #expect(steps == 8)
        _ = try head.predict(queries(2), in: prepared)
        #expect(steps > 8)
    }

    private static func bits(_ answer: TabPFNAnswer) -> [[UInt32]] {
        (0..<answer.scores.count).map { bits(answer, $0) }
    }

    private static func bits(_ answer: TabPFNAnswer, _ query: Int) -> [UInt32] {
        answer.rawLogits.flatMap { $0[query].map(\.bitPattern) } + [answer.scores[query].bitPattern]
    }
}
