import Routing
import Scoring
import Testing

/// A model that knows nothing of texts: it predicts the mean reward of the context's rows on which references did as well as
/// on the prompt, and the base rate where there are none.
private final class ReferenceModel: ValueModel {
    let fingerprint = ModelFingerprint(name: "references", digest: Digest(of: "references"))

    struct Context: PreparedContext {
        let contextDigest: Digest
        let base: Double
        let rates: [Double: Double]
    }

    func embed(_ texts: [String]) -> FeatureMatrix {
        FeatureMatrix(columns: 1, values: texts.map { _ in 0 }, isTruncated: texts.map { _ in false })
    }

    private static func mean(_ values: [Double]) -> Double? {
        values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
    }

    func prepare(_ context: ContextSet, features: FeatureMatrix) -> any PreparedContext {
        var rewards: [Double: [Double]] = [:]
        for row in context.rows {
            guard let known = Self.mean(row.side.references.map(\.outcome.reward)) else { continue }
            rewards[known, default: []].append(row.outcome.reward)
        }
        return Context(
            contextDigest: context.digest, base: context.baseRate, rates: rewards.compactMapValues(Self.mean))
    }

    func predict(_ queries: QuerySet, in context: any PreparedContext) throws(ValueModelError) -> [Prediction] {
        guard let context = context as? Context else { throw .foreignContext(context.contextDigest) }
        var predictions: [Prediction] = []
        for row in 0..<queries.rows {
            let known = Self.mean(queries.side(row).references.map(\.outcome.reward))
            let p = Float(known.flatMap { context.rates[$0] } ?? context.base)
            guard let prediction = Prediction(p: p, kappa: 8, pLo: p, pHi: p) else {
                throw .notFinite(stage: "references", row: row)
            }
            predictions.append(prediction)
        }
        return predictions
    }
}

@Suite("References in studies of routing")
struct RouteReferencesTests {
    /// The sample source, and a policy outside the fleet that succeeds where the cheap model does.
    private static func source() -> RouteSource {
        let sample = SampleRoutes.kinds()
        return RouteSource(
            name: sample.name, prompts: sample.prompts, models: sample.models, costUnit: sample.costUnit,
            outside: [.init(policy: Policy(id: "twin"), rows: sample.models[0].rows)])
    }

    private static func study(_ references: [String], newcomers: Bool = false) throws -> (RouteStudyResult, [String]) {
        var options = RouteStudy.Options()
        (options.historyRows, options.referenceRows, options.seeds, options.resamples) = (64, 64, 3, 20)
        options.references = references.compactMap { RouteReferences($0) }
        if newcomers { options.newcomerRows = (8, 64) }
        var lines: [String] = []
        let result = try RouteStudy(model: ReferenceModel(), options: options).study(source()) { lines.append($0) }
        return (result, lines)
    }

    @Test("kinds of references are written as they are read, and other words are none")
    func words() {
        for text in ["none", "fleet", "others:1", "others:32", "fleet+others:3"] {
            #expect(RouteReferences(text)?.description == text)
        }
        for text in [
            "", "others", "others:0", "others:33", "others:x", "fleet+fleet", "others:2+fleet", "fleet+", "files",
        ] {
            #expect(RouteReferences(text) == nil, "\(text)")
        }
    }

    @Test("a policy outside the fleet brings what it knows; the other models' histories say nothing of routed prompts")
    func gains() throws {
        let (result, _) = try Self.study(["others:1", "fleet"])
        #expect(result.references.map(\.references) == ["others:1", "fleet"])
        let others = result.references[0]
        // Without references every prompt has the same p; with them the cheap model's hard prompts are known.
        #expect(others.area.seeds.mean > 0.05 && others.areas.count == 3)
        #expect(try #require(others.aucDifference).mean == 0.5)
        #expect(try #require(others.brierDifference).mean < 0)
        let (low, high) = (try #require(others.area.promptsLow), try #require(others.area.promptsHigh))
        #expect(low <= high && low > 0)
        let fleet = result.references[1]
        #expect(fleet.area.seeds.mean == 0 && fleet.aucDifference?.mean == 0)
    }

    @Test("more policies than there are outside the fleet are left out, in words")
    func tooFew() throws {
        let (result, lines) = try Self.study(["others:2"])
        #expect(result.references.isEmpty)
        #expect(lines.count { $0.contains("others:2 left out") } == 3)
    }

    @Test("newcomers are compared with references too, and a table has all figures")
    func newcomers() throws {
        let (result, _) = try Self.study(["others:1"], newcomers: true)
        #expect(result.references[0].newcomers.count == 3 && result.references[0].newcomers[0].count == 2)
        let lines = RouteStudyTable([result]).description.split(separator: "\n")
        let header = try #require(lines.lastIndex { $0.hasPrefix("source") })
        #expect(lines[header].contains("area - none") && lines[header - 1].hasPrefix("references: "))
        #expect(lines[header + 1].split(separator: " ").prefix(3) == ["sample", "64", "others:1"])
    }
}
