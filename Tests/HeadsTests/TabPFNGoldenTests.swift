import Foundation
import Heads
import Kernels
import ModelFiles
import Scoring
import Synchronization
import TestSupport
import Testing

@Suite("TabPFN: every stage against the reference")
struct TabPFNGoldenTests {
    let golden: V0HeadGolden

    init() throws {
        golden = try V0HeadGolden("head_golden")
    }

    @Test("a constant column leaves, and the others are standardised as torch does on a CPU")
    func standardisation() throws {
        let step = try TableStandardisation(try golden.matrix("X_train"))
        #expect(step.kept == [0, 2, 3, 4, 5, 6, 7, 8, 9])
        var different = 0
        var error: Float = 0
        for (raw, expected) in [("X_train", "z_train"), ("X_test", "z_test")] {
            let (found, wanted) = (try step.apply(try golden.matrix(raw)).values, try golden.floats(expected))
            error = max(error, largestDifference(found, wanted))
            different += zip(found, wanted).count { $0.bitPattern != $1.bitPattern }
        }
        print("z-norm: max error \(error) (tolerance 1e-5), \(different) values of other bits")
        #expect(error < 1e-5)
    }

    @Test("fingerprints, salts and orders of columns give each member's table bit for bit")
    func preparation() throws {
        let (train, test) = (try golden.matrix("z_train"), try golden.matrix("z_test"))
        let plan = EnsemblePlan(seed: 0, members: 4, columns: train.columns)
        for member in 0..<4 {
            let context = try MemberTable(
                train, role: .context, plan: plan, member: member, fingerprints: .reference)
            let queries = try MemberTable(test, role: .queries, plan: plan, member: member, fingerprints: .reference)
            #expect(context.values == (try golden.floats("prep\(member)_train")), "member \(member)")
            #expect(queries.values == (try golden.floats("prep\(member)_test")), "member \(member)")
        }
    }

    @Test("equal context rows get different fingerprints, equal queries equal ones, and a constant says nothing")
    func fingerprints() throws {
        let rows = FeatureMatrix(columns: 2, values: [1, 2, 1, 2, 1, 2], isTruncated: [false, false, false])
        let plan = EnsemblePlan(seed: 0, members: 1, columns: 2)
        func column(_ role: MemberTable.Role, _ mode: RowHashMode) throws -> [Float] {
            let table = try MemberTable(rows, role: role, plan: plan, member: 0, fingerprints: mode)
            let place = try #require(plan.members[0].permutation.firstIndex(of: 2))
            return (0..<3).map { table[$0][$0 * 3 + place] }
        }
        #expect(Set(try column(.context, .reference)).count == 3)
        #expect(Set(try column(.queries, .reference)).count == 1)
        #expect(try column(.context, .constant) == [0.5, 0.5, 0.5])
        #expect(try column(.queries, .injected([[0.1, 0.2, 0.3]])) == [0.1, 0.2, 0.3])
        #expect(throws: TabPFNError.count(what: "injected fingerprints", expected: 3, found: 1)) {
            try column(.queries, .injected([[0.1]]))
        }
        #expect(throws: TabPFNError.count(what: "injected columns", expected: 1, found: 2)) {
            try column(.queries, .injected([[0.1], [0.2]]))
        }
    }

    @Test("tokens of groups and targets are the reference's")
    func encoder() throws {
        let tokens = try V0HeadGolden.head().tokens(
            context: try golden.table("prep0_train"), labels: try golden.file.integers("y").map { Float($0) },
            queries: try golden.table("prep0_test"))
        let (groups, targets) = (try golden.floats("member0_encoder"), try golden.floats("member0_y_encoder"))
        let (groupError, targetError) = (
            largestDifference(tokens.flatMap { $0.prefix(4 * 24) }, groups),
            largestDifference(tokens.flatMap { $0.suffix(24) }, targets)
        )
        print("encoder: max error \(groupError), y encoder \(targetError) (tolerance 1e-5)")
        #expect(groupError < 1e-5 && targetError < 1e-5)
    }

    @Test("every sublayer that is computed gives the reference's states, and the decoder its ten logits")
    func sublayers() throws {
        let head = try V0HeadGolden.head()
        // In order: the context's rows, its columns by turns, then the queries' rows, layer after layer.
        var seen: [(TabPFNSublayer, [Float], Int)] = []
        let stride = 32
        head.trace = { sublayer, buffer, rows in
            seen.append(
                (sublayer, (0..<rows).flatMap { buffer.copy($0 * stride..<$0 * stride + 24) }, rows))
        }
        let found = try head.logits(
            context: try golden.table("prep0_train"), labels: try golden.file.integers("y").map { Float($0) },
            queries: try golden.table("prep0_test"))
        let (items, tokens, queries) = (24, 5, 4)
        var errors: [String: Float] = [:]
        func compare(_ name: String, _ found: [Float], _ expected: (Int) -> (row: Int, token: Int)) throws {
            let states = try golden.floats("member0_\(name)")
            let wanted = (0..<found.count / 24).flatMap { index -> [Float] in
                let (row, token) = expected(index)
                return Array(states[(row * tokens + token) * 24..<(row * tokens + token + 1) * 24])
            }
            errors[name] = max(errors[name] ?? 0, largestDifference(found, wanted))
        }
        var calls = seen[...]
        func next(_ sublayer: TabPFNSublayer) throws -> [Float] {
            let call = try #require(calls.first)
            calls = calls.dropFirst()
            #expect(call.0 == sublayer)
            return call.1
        }
        // Layer 0 of the context.
        for row in 0..<items { try compare("layer0_features", try next(.features)) { (row, $0) } }
        for column in 0..<tokens {
            try compare("layer0_items", try next(.items)) { ($0, column) }
            try compare("layer0_forward", try next(.feedForward)) { ($0, column) }
        }
        // Layer 0 of the queries; its other two sublayers run at the start of layer 1.
        for query in 0..<queries { try compare("layer0_features", try next(.features)) { (items + query, $0) } }
        // The last layer: features of the context's targets are not traced; queries end with their target alone.
        for query in 0..<queries {
            try compare("layer0_items", try next(.items)) { (items + query, $0) }
            try compare("layer0_forward", try next(.feedForward)) { (items + query, $0) }
            try compare("layer1_items", try next(.items)) { _ in (items + query, tokens - 1) }
            try compare("layer1_forward", try next(.feedForward)) { _ in (items + query, tokens - 1) }
        }
        #expect(calls.isEmpty)
        for (name, error) in errors.sorted(by: { $0.key < $1.key }) {
            print("\(name): max error \(error) (tolerance 2e-5)")
            #expect(error < 2e-5)
        }
        let logits = largestDifference(found.flatMap { $0 }, try golden.floats("member0_all_logits"))
        print("all logits of member 0: max error \(logits) (tolerance 5e-5)")
        #expect(logits < 5e-5)
    }

    @Test(
        "logits and scores are those of V0's patched classifier",
        arguments: [MatrixMultiply.Backend.automatic, .portable])
    func scores(backend: MatrixMultiply.Backend) throws {
        let head = try V0HeadGolden.head(arithmetic: TabPFNArithmetic(backend: backend))
        try compare(head, golden, "tiny head, \(head.numerics)")
        let mlp = try TabPFNHead(
            weights: try V0HeadGolden("mlp").file, configuration: V0HeadGolden.mlpConfiguration,
            arithmetic: TabPFNArithmetic(backend: backend))
        try compare(mlp, try V0HeadGolden("mlp_golden"), "mlp encoder, one group")
    }

    private func compare(_ head: TabPFNHead, _ golden: V0HeadGolden, _ name: String) throws {
        let context = try head.prepare(standardised: try golden.matrix("z_train"), labels: try golden.labels())
        let answer = try head.predict(try golden.matrix("z_test"), in: context)
        // From the features as they come: the same fingerprints only as far as the bits of the z-norm agree.
        let own = try head.predict(
            try golden.matrix("X_test"),
            in: try head.prepare(try golden.matrix("X_train"), labels: try golden.labels()))
        let raw = answer.rawLogits.flatMap { $0.flatMap { $0.prefix(2) } }
        let errors = (
            raw: largestDifference(raw, try golden.floats("raw_logits")),
            logits: largestDifference(answer.logits.flatMap { $0 }, try golden.floats("logits")),
            score: largestDifference(answer.scores, try golden.floats("score")),
            own: largestDifference(own.scores, try golden.floats("score"))
        )
        print(
            "\(name): max error raw logits \(errors.raw) (5e-5), logits \(errors.logits) (5e-5), "
                + "score \(errors.score) (1e-5), score from features \(errors.own) (1e-3)")
        #expect(errors.raw < 5e-5 && errors.logits < 5e-5 && errors.score < 1e-5 && errors.own < 1e-3)
    }

    @Test(
        "values that are not numbers, infinities, outliers and a constant column are read as the reference reads them")
    func hardValues() throws {
        let golden = try V0HeadGolden("nan_golden")
        let table = try golden.table("X")
        let found = try V0HeadGolden.head().logits(
            context: table[0..<9], labels: try golden.file.integers("y").map { Float($0) }, queries: table[9..<12])
        let error = largestDifference(found.flatMap { $0 }, try golden.floats("logits"))
        print("NaN, infinities, outliers: max error of logits \(error) (tolerance 5e-5)")
        #expect(error < 5e-5)
    }

    @Test("where the reference's answer depends on a batch-mate, ours is the answer that the query gets alone")
    func masks() throws {
        let golden = try V0HeadGolden("masks_golden")
        let table = try golden.table("X")
        let labels = try golden.file.integers("y").map { Float($0) }
        let head = try V0HeadGolden.head()
        let alone = try head.logits(context: table[0..<12], labels: labels, queries: table[12..<13])
        let together = try head.logits(context: table[0..<12], labels: labels, queries: table[12..<14])
        let reference = (alone: try golden.floats("alone"), together: Array(try golden.floats("together").prefix(10)))
        let theirs = largestDifference(reference.alone, reference.together)
        let ours = largestDifference(alone[0], reference.alone)
        print(
            "a batch-mate moves the reference's logits by \(theirs), ours by none; ours alone is off by \(ours) (5e-5)")
        #expect(theirs > 1e-2)
        #expect(ours < 5e-5)
        #expect(together[0].map(\.bitPattern) == alone[0].map(\.bitPattern))
    }
}
