import Encoders
import Foundation
import Heads
import Kernels
public import ModelFiles
import Scoring

/// Repeats the golden prediction of a converted model folder, stage by stage.
///
/// Each stage is computed from the golden of the stage before it, so that an error shows in the stage that makes it. The last two
/// are the whole chain. `scripts/goldens/v0/README.md` describes the tensors and the reason for each tolerance.
public struct V0Verification {
    /// One comparison with the reference.
    public struct Stage: Sendable, Encodable {
        /// As `golden.json` names it.
        public let name: String
        /// What of the reference's it is computed from.
        public let given: String
        /// Numbers compared.
        public let compared: Int
        /// Largest absolute difference; of states and features, relative to the largest value. Of tokens and tables,
        /// the number that differ.
        public let error: Double
        /// What is allowed; `nil` where the reference does not agree with itself.
        public let tolerance: Double?
        /// Whether the error is allowed; NaN never is.
        public var isWithin: Bool { tolerance.map { error <= $0 } ?? !error.isNaN }
    }

    private let folder: V0Folder
    private let golden: Golden
    private let tensors: SafetensorsFile
    private let file: String

    private struct Golden: Decodable {
        struct Row: Decodable {
            let text: String
            let label: Int
        }
        let format: String
        let version: Int
        let context: [Row]
        let queries: [String]
        let tolerances: [String: Double]
    }

    /// Reads the golden of a folder. Throws `unreadable`, with the way to make one, where there is none.
    public init(folder path: String) throws(ModelError) {
        folder = try V0Folder(path: path)
        file = "\(path)/golden.json"
        guard FileManager.default.fileExists(atPath: file) else {
            throw .unreadable(
                file: file, reason: "no golden prediction in this folder; convert it again without --no-golden")
        }
        golden = try JSONFile.read(Golden.self, file)
        guard golden.format == "statezero-v0-golden", golden.version == 1 else {
            throw .unsupported(
                file: file, key: "format", found: "\(golden.format) \(golden.version)",
                supported: "statezero-v0-golden 1")
        }
        guard !golden.context.isEmpty, !golden.queries.isEmpty else {
            throw .damaged(file: file, at: "context", reason: "there are no prompts")
        }
        tensors = try SafetensorsFile(path: "\(path)/golden.safetensors")
    }

    /// Loads the model and computes every stage. Cost: a whole prediction from text, and the head three times more.
    public func run(
        _ settings: ModelSettings, progress: @escaping @Sendable () -> Void = {}
    ) throws(ModelError) -> [Stage] {
        let parts = try V0Parts(folder: folder, settings: settings, available: AvailableMemory.bytes())
        parts.encoder.onProgress(progress)
        parts.head.progress = progress
        do {
            return try embedding(parts.encoder) + head(parts)
        } catch let error as ModelError {
            throw error
        } catch {
            throw .damaged(file: folder.path, at: "prediction", reason: "\(error)")
        }
    }

    // MARK: - Encoder and adapter

    private func embedding(_ encoder: AdaptedQwen3Encoder) throws -> [Stage] {
        let ids = try tensors.integers("tokens")
        let starts = try tensors.integers("token_starts")
        let texts = self.texts
        guard starts.count == texts.count + 1, starts.last == ids.count, starts == starts.sorted() else {
            throw ModelError.damaged(file: file, at: "token_starts", reason: "\(starts.count) starts do not fit")
        }
        var wrongTokens = 0
        for (index, text) in texts.enumerated() {
            let expected = ids[starts[index]..<starts[index + 1]].map { Int32($0) }
            if encoder.tokens(of: text) != expected { wrongTokens += 1 }
        }
        let batch = RaggedBatch(zip(starts, starts.dropFirst()).map { ids[$0..<$1].map { Int32($0) } })
        var lastStates: [Float] = []
        var firstQuery: [Float] = []
        for (index, states) in try encoder.states(of: batch).enumerated() {
            lastStates += states.suffix(encoder.stateWidth)
            if index == golden.context.count { firstQuery = states }
        }
        let width = encoder.stateWidth
        let queryTokens = firstQuery.count / width
        let expectedStates = try tensors.floats("states.query0", shape: Shape(queryTokens, width))
        let expectedLast = try tensors.floats("last_states", shape: Shape(texts.count, width))
        let features = try encoder.encode(texts).values
        let expectedFeatures = try self.features("context").values + self.features("queries").values
        let pooled = encoder.features(ofStates: expectedStates)
        let expectedPooled = try Array(self.features("queries").row(0))
        return try [
            stage("tokens", given: "text", Double(wrongTokens), texts.count),
            stage(
                "last_states", given: "token ids",
                max(
                    Self.relative(lastStates, expectedLast), Self.relative(firstQuery, expectedStates)),
                lastStates.count + firstQuery.count),
            stage("features", given: "the reference's states", Self.relative(pooled, expectedPooled), pooled.count),
            stage("features", given: "text", Self.relative(features, expectedFeatures), features.count),
        ]
    }

    // MARK: - Head

    private func head(_ parts: V0Parts) throws -> [Stage] {
        let labels = golden.context.map { $0.label > 0 }
        let (context, queries) = (try features("context"), try features("queries"))
        let standardisation = try TableStandardisation(context)
        let kept = standardisation.kept.count
        let z = (context: try matrix("z.context", labels.count, kept), queries: try matrix("z.queries", asked, kept))
        let ownZ = (context: try standardisation.apply(context), queries: try standardisation.apply(queries))
        let members = parts.head.ensemble.members
        let plan = EnsemblePlan(seed: parts.head.ensemble.seed, members: members, columns: kept)

        var differing = 0
        var compared = 0
        var injected: (context: [[Float]], queries: [[Float]]) = ([], [])
        for index in 0..<members {
            let places = plan.members[index].permutation
            let fingerprint = places.firstIndex(of: kept) ?? 0
            for (role, table, name) in [
                (MemberTable.Role.context, z.context, "context"), (.queries, z.queries, "queries"),
            ] {
                let expected = try tensors.floats("member\(index).\(name)", shape: Shape(table.rows, kept + 1))
                let ours = try MemberTable(
                    table, role: role, plan: plan, member: index, fingerprints: .reference)
                differing += zip(ours.values, expected).count(where: { $0.bitPattern != $1.bitPattern })
                compared += expected.count
                let column = stride(from: fingerprint, to: expected.count, by: kept + 1).map { expected[$0] }
                if role == .context { injected.context.append(column) } else { injected.queries.append(column) }
            }
        }

        let head = parts.head
        let given = try head.predict(
            z.queries,
            in: head.prepare(
                standardised: z.context, labels: labels, fingerprints: .injected(injected.context)),
            fingerprints: .injected(injected.queries))
        let features = try parts.encoder.encode(texts)
        let own = (
            context: features.selecting(Array(0..<labels.count)),
            queries: features.selecting(Array(labels.count..<features.rows))
        )
        let fromText = try head.predict(
            own.queries, in: head.prepare(own.context, labels: labels, fingerprints: .injected(injected.context)),
            fingerprints: .injected(injected.queries))
        let hashed = try head.predict(own.queries, in: head.prepare(own.context, labels: labels))

        let scores = try tensors.floats("scores", shape: Shape(asked))
        let rawLogits = try tensors.floats("raw_logits", shape: Shape(members, asked, 2))
        let ownLogits = given.rawLogits.flatMap { $0.flatMap { $0.prefix(2) } }
        return try [
            stage(
                "z_given_features", given: "features",
                max(
                    Self.largest(ownZ.context.values, z.context.values),
                    Self.largest(ownZ.queries.values, z.queries.values)),
                z.context.values.count + z.queries.values.count),
            stage("tables_given_z", given: "z", Double(differing), compared),
            stage("raw_logits_given_tables", given: "tables", Self.largest(ownLogits, rawLogits), rawLogits.count),
            stage("scores_given_tables", given: "tables", Self.largest(given.scores, scores), asked),
            stage(
                "scores_given_fingerprints", given: "text and fingerprints",
                Self.largest(fromText.scores, scores), asked),
            stage("scores_own_fingerprints", given: "text", Self.largest(hashed.scores, scores), asked),
        ]
    }

    // MARK: - Pieces

    // A last bit that differs gives a row an unrelated hash. Two devices differ in such bits, so there is no tolerance.
    private static let unjudged = "scores_own_fingerprints"

    private var texts: [String] { golden.context.map(\.text) + golden.queries }
    private var asked: Int { golden.queries.count }

    private func features(_ name: String) throws(ModelError) -> FeatureMatrix {
        let rows = name == "context" ? golden.context.count : asked
        let width = tensors.header.entries["features.\(name)"]?.shape.sizes.last ?? 0
        return try matrix("features.\(name)", rows, width)
    }

    private func matrix(_ name: String, _ rows: Int, _ columns: Int) throws(ModelError) -> FeatureMatrix {
        FeatureMatrix(
            columns: columns, values: try tensors.floats(name, shape: Shape(rows, columns)),
            isTruncated: [Bool](repeating: false, count: rows))
    }

    private func stage(
        _ name: String, given: String, _ error: Double, _ compared: Int
    ) throws(ModelError) -> Stage {
        let tolerance = golden.tolerances[name]
        guard tolerance != nil || name == Self.unjudged else {
            throw .damaged(file: file, at: "tolerances.\(name)", reason: "the key is missing")
        }
        return Stage(name: name, given: given, compared: compared, error: error, tolerance: tolerance)
    }

    // Infinite where the sizes differ; NaN where a value is NaN, and a NaN is within no tolerance.
    private static func largest(_ ours: [Float], _ expected: [Float]) -> Double {
        guard ours.count == expected.count else { return .infinity }
        return zip(ours, expected).reduce(0) { worst, pair in
            let difference = Double((pair.0 - pair.1).magnitude)
            return difference.isNaN || worst.isNaN ? .nan : max(worst, difference)
        }
    }

    private static func relative(_ ours: [Float], _ expected: [Float]) -> Double {
        largest(ours, expected) / max(expected.reduce(0) { max($0, Double($1.magnitude)) }, .leastNormalMagnitude)
    }
}
